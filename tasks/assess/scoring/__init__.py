"""From what probes found to criteria, milestones and the course grade; pure functions."""
