"""LoRA training of the small language model, and what its figures say."""
