"""Commands that are too small for a flow: each takes its configuration and gives lines to show."""
