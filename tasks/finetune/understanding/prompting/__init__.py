"""What the base model reaches by prompting alone, beside the tuned one."""
