"""The course: its settings, its students, and what they hand in."""
