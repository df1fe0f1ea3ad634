"""Grades as files that other programs read."""
