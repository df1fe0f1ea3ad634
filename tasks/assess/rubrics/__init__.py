"""Rubrics: what a milestone asks, how many points each part of it is worth, and its levels."""
