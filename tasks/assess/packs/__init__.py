"""Probes that look for evidence in handed-in run folders: nothing of them is run."""
