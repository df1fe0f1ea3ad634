"""What the flows compose: one folder a domain, and the few modules that domains share."""
