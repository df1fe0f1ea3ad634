"""What the right answer is: plain numpy, in float64, each held against scipy or torch by a test."""
