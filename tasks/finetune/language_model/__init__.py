"""The small language model: where it is found, how it is prepared, loaded and prompted."""
