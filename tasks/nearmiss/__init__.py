"""From a traffic video to ranked near-miss events."""
