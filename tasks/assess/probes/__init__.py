"""What is measured of a submission: one file a probe, each against a reference of our own."""
