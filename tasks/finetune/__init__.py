"""Q&A text to a fine-tuned small language model: sources, curation, splits and their audit."""
