"""MODEL_CARD.md: what a fine-tuned adapter is, what it was measured to do, and where it fails."""
