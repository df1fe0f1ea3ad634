"""Two road users that both stand are no near-miss, however near they are."""

from __future__ import annotations

import numpy as np

from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate
from tasks.nearmiss.interactions.trajectories import Trajectory


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or "": both mean speeds over the last frames are low."""
    pair = (candidate.encounter.one, candidate.encounter.two)
    speeds = [_mean_speed(each, candidate.worst_sec, parameters) for each in pair]
    if pair[0].units == "px":
        limit, unit = parameters.stationary_speed_px, "px/frame"
    else:
        limit, unit = parameters.stationary_speed, "m/s"
    if max(speeds) >= limit:
        return ""
    return (
        f"Both stand: mean speeds of {speeds[0]:.2f} and {speeds[1]:.2f} {unit} over the last "
        f"{parameters.stationary_frames} frames are below {limit:g}."
    )


def _mean_speed(trajectory: Trajectory, seconds: float, parameters: Parameters) -> float:
    """Mean speed over the last frames up to a time, m/s or pixels a processed frame."""
    end = max(1, int(np.searchsorted(trajectory.times, seconds + 1e-9, side="right")))
    start = max(0, end - parameters.stationary_frames)
    mean = float(trajectory.speeds[start:end].mean())
    if trajectory.units == "m" or len(trajectory.times) < 2:
        return mean
    return mean * float(np.median(np.diff(trajectory.times)))
