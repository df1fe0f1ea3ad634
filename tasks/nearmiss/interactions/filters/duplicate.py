"""A detector boxes one vehicle twice, as a cab and a whole."""

from __future__ import annotations

from tasks.nearmiss.interactions.filters.surroundings import Surroundings, part_reason
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or ""."""
    return part_reason(candidate, surroundings, "duplicate", "is a second box on the vehicle")
