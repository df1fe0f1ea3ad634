"""What runs when, and with which parameters."""
