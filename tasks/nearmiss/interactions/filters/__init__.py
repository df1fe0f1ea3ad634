"""Filters of near-miss candidates: one file each, and the registry.

A filter is a function of a candidate, what is known of its scene, and the parameters; it returns
why the candidate is no near-miss as one sentence with the values, or "" to keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from tasks.nearmiss.interactions.filters import (
    confidence,
    conflict,
    direction,
    duplicate,
    duration,
    identity,
    passenger,
    rider,
    stationary,
)
from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import INTERACTION_COLUMNS, Candidate

Filter = Callable[[Candidate, Surroundings, Parameters], str]

FILTERS: dict[str, Filter] = {
    "stationary": stationary.reason,
    "duration": duration.reason,
    "direction": direction.reason,
    "confidence": confidence.reason,
    "duplicate": duplicate.reason,
    "identity": identity.reason,
    "rider": rider.reason,
    "passenger": passenger.reason,
    "conflict": conflict.reason,
}
"""In the order in which they are asked; the first that says no is the one recorded."""

DEFAULT_FOUR = ("stationary", "duration", "direction", "confidence")
REJECTED_COLUMNS = [name for name in INTERACTION_COLUMNS if name not in ("interaction_id",)] + [
    "filter",
    "reason",
]


def apply_filters(
    candidates: Sequence[Candidate],
    surroundings: Surroundings,
    parameters: Parameters | None = None,
    names: Collection[str] | None = None,
) -> tuple[list[Candidate], pd.DataFrame]:
    """Keep the candidates that no filter rejects.

    Args:
        candidates: of `find_candidates`.
        surroundings: of the same trajectories.
        parameters: thresholds; the defaults when None.
        names: filters to use; all when None.

    Returns:
        The candidates kept, in their order, and a table of the rejected (REJECTED_COLUMNS).

    Raises:
        ValueError: an unknown filter is named.
    """
    kept, rejected = [], []
    for candidate, verdict in zip(
        candidates, verdicts(candidates, surroundings, parameters, names), strict=True
    ):
        if not verdict:
            kept.append(candidate)
            continue
        name, reason = next(iter(verdict.items()))
        rejected.append({**candidate.row, "filter": name, "reason": reason})
    return kept, pd.DataFrame(rejected, columns=REJECTED_COLUMNS)


def verdicts(
    candidates: Sequence[Candidate],
    surroundings: Surroundings,
    parameters: Parameters | None = None,
    names: Collection[str] | None = None,
) -> list[dict[str, str]]:
    """For each candidate, every filter that says no with its reason."""
    parameters = parameters or Parameters()
    unknown = sorted(set(names or ()) - set(FILTERS))
    if unknown:
        raise ValueError(f"Unknown filter {unknown[0]!r}; there are {', '.join(FILTERS)}.")
    chosen = {name: FILTERS[name] for name in FILTERS if names is None or name in names}
    return [
        {
            name: reason
            for name, check in chosen.items()
            if (reason := check(candidate, surroundings, parameters))
        }
        for candidate in candidates
    ]


__all__ = [
    "DEFAULT_FOUR",
    "FILTERS",
    "REJECTED_COLUMNS",
    "Surroundings",
    "apply_filters",
    "verdicts",
]
