"""Near is not yet a near-miss: what the definition of `definition.py` does not meet."""

from __future__ import annotations

from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or ""."""
    return candidate.finding.reason
