"""One change, driven by a run's failures, trained and compared: choose, repair, compare, record."""
