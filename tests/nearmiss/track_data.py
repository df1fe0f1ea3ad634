"""Tracks with exact poses for the tests of post-encroachment time."""

import numpy as np
from pair_data import turned, unit


def straight(at, velocity, until, rate=10.0, heading=None, start=0.0):
    """Track through ``at`` at time 0 of the clock, as times, centres, headings."""
    times = np.arange(start, until, 1 / rate)
    velocity = np.asarray(velocity, dtype=float)
    heading = velocity / np.hypot(*velocity) if heading is None else np.asarray(heading)
    return times, at + times[:, None] * velocity, np.tile(heading, (len(times), 1)).astype(float)


def turning(start, heading, speed, turn_rate, until, rate):
    """Track on a circle, with exact poses."""
    times = np.arange(0, until, 1 / rate)
    return times, *turning_pose(start, heading, speed, turn_rate, times)


def turning_pose(start, heading, speed, turn_rate, times):
    angle = heading + turn_rate * times
    radius = speed / turn_rate
    x = start[0] + radius * (np.sin(angle) - np.sin(heading))
    y = start[1] - radius * (np.cos(angle) - np.cos(heading))
    return np.stack([x, y], axis=1), unit(angle)


def rotated_track(track, angle, shift=(0.0, 0.0), delay=0.0):
    times, centers, headings = track
    return times + delay, turned(centers, angle) + shift, turned(headings, angle)
