"""Greedy answers of a small language model, quickly, and what they and references cost in nats."""
