"""From tracks to interactions: trajectories, meetings of pairs, and what is a near-miss."""
