"""How fast the near-miss flow can run on this machine, and what is missed for the speed."""
