"""The parts of it."""
