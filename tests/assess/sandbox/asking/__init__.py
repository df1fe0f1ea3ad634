"""Operations for testing the sandbox itself: they do whatever the submission wants."""
