"""Which answers failed, in which way, and what failing goes together with."""
