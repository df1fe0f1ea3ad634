"""What the model could do before it was fine-tuned and can do no more, and what helps."""
