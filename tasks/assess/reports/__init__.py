"""What a student is told: the report of graded work, and the self-check before handing it in."""
