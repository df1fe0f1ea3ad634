"""Grading submissions by what their code can do."""
