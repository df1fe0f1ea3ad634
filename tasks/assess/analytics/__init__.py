"""How a class is doing: where it stands, who needs help, and what to change in the course."""
