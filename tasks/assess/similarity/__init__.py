"""How alike submissions are: a ranking for a person to look at, and nothing more."""
