"""The flows: each file tells one story from top to bottom."""
