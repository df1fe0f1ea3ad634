"""Filters of near-miss candidates: one file each, and the registry.

A filter is a function of a candidate, what is known of its scene, and the parameters; it returns
why the candidate is no near-miss as one sentence with the values, or "" to keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

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
    candidates: Iterable[Candidate],
    surroundings: Surroundings,
    parameters: Parameters | None = None,
    names: Collection[str] | None = None,
) -> tuple[list[dict[str, object]], pd.DataFrame]:
    """Keep the candidates that no filter rejects.

    Args:
        candidates: of `each_candidate`, each of which may be forgotten once it is judged.
        surroundings: of the same trajectories.
        parameters: thresholds; the defaults when None.
        names: filters to use; all when None.

    Returns:
        The rows of the candidates kept, and a table of the rejected (REJECTED_COLUMNS), both the
        riskiest first.

    Raises:
        ValueError: an unknown filter is named.
    """
    parameters = parameters or Parameters()
    chosen = _chosen(names)
    kept, rejected = [], []
    for candidate in candidates:
        first = next(_refusals(candidate, chosen, surroundings, parameters), None)
        if first is None:
            kept.append(candidate.row)
        else:
            rejected.append(candidate.row | dict(zip(("filter", "reason"), first, strict=True)))
    for rows in (kept, rejected):
        rows.sort(key=lambda row: -float(row["risk_score"]))
    return kept, pd.DataFrame(rejected, columns=REJECTED_COLUMNS)


def verdicts(
    candidates: Sequence[Candidate],
    surroundings: Surroundings,
    parameters: Parameters | None = None,
    names: Collection[str] | None = None,
) -> list[dict[str, str]]:
    """For each candidate, every filter that says no with its reason."""
    parameters = parameters or Parameters()
    chosen = _chosen(names)
    return [
        dict(_refusals(candidate, chosen, surroundings, parameters)) for candidate in candidates
    ]


def _chosen(names: Collection[str] | None) -> list[str]:
    unknown = sorted(set(names or ()) - set(FILTERS))
    if unknown:
        raise ValueError(f"Unknown filter {unknown[0]!r}; there are {', '.join(FILTERS)}.")
    return [name for name in FILTERS if names is None or name in names]


def _refusals(
    candidate: Candidate, names: Sequence[str], surroundings: Surroundings, parameters: Parameters
) -> Iterator[tuple[str, str]]:
    """Names of filters that say no, with their reasons."""
    for name in names:
        reason = FILTERS[name](candidate, surroundings, parameters)
        if reason:
            yield name, reason


__all__ = [
    "DEFAULT_FOUR",
    "FILTERS",
    "REJECTED_COLUMNS",
    "Surroundings",
    "apply_filters",
    "verdicts",
]
