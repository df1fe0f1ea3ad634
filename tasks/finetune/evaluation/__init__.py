"""Did fine-tuning help, by how much, and how sure is that: base and tuned model on the test set."""
