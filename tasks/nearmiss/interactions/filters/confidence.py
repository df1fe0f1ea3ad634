"""A near-miss of something that is hardly there is none."""

from __future__ import annotations

import numpy as np

from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate
from tasks.nearmiss.interactions.trajectories import Trajectory


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or "": a box of low confidence at the worst moment.

    With `confidence_window_sec` above 0 it is the median over so long either side.
    """
    pair = (candidate.encounter.one, candidate.encounter.two)
    values = [
        _confidence(each, candidate.worst_sec, parameters.confidence_window_sec) for each in pair
    ]
    lower = int(values[1] < values[0])
    if values[lower] >= parameters.confidence:
        return ""
    return (
        f"The {pair[lower].class_name} of track {pair[lower].track_id} has a confidence of "
        f"{values[lower]:.2f}, below {parameters.confidence:g}."
    )


def _confidence(trajectory: Trajectory, seconds: float, window: float) -> float:
    """Confidence of the box seen nearest to a time, or the median of those within a window."""
    seen = np.flatnonzero(trajectory.observed)
    away = np.abs(trajectory.times[seen] - seconds)
    near = seen[away <= max(window, float(away.min()))]
    return float(np.median(trajectory.confidences[near]))
