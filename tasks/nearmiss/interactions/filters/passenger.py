"""A passenger behind a window is no pedestrian."""

from __future__ import annotations

from tasks.nearmiss.interactions.filters.surroundings import Surroundings, part_reason
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or ""."""
    return part_reason(candidate, surroundings, "passenger", "is inside the vehicle")
