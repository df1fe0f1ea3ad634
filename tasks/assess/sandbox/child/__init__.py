"""What runs inside the sandbox around the operations: numpy and the standard library only."""
