"""Why the tuned model fails, what it forgot, and what prompting alone would have reached."""
