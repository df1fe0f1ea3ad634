"""Runs a submission's code where it can reach nothing but numpy, itself and a clock."""
