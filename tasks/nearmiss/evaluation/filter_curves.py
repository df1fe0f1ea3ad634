"""What each filter removes and loses as its own threshold moves, calibrated.

A filter by itself is asked about every candidate of the catalogue, once for each value of its
threshold. The four classic ones are also searched together for the thresholds that remove most
on these very scenes, which bounds what any setting of them can do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from tasks.nearmiss.evaluation.figures import removal
from tasks.nearmiss.interactions.definition import judge
from tasks.nearmiss.interactions.filters import DEFAULT_FOUR, FILTERS, Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate

MOST_LOST = 0.03  # share of true near-misses that the search may lose


@dataclass(frozen=True)
class Sweep:
    """A filter's threshold, its unit, and the values it takes; the default is one of them."""

    filter: str
    parameter: str
    unit: str
    values: tuple[float, ...]


SWEEPS = (
    Sweep("stationary", "stationary_speed", "m/s", (0.1, 0.25, 0.5, 1, 2, 4, 8, 12)),
    Sweep("duration", "duration_frames", "frames", (1, 2, 3, 5, 8, 12, 20, 30, 50, 80)),
    Sweep("direction", "direction_deg", "degrees", (5, 10, 20, 30, 45, 90, 180)),
    Sweep("direction", "closing_speed", "m/s", (0.1, 0.25, 0.5, 1, 2, 4, 8)),
    Sweep("confidence", "confidence", "", (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)),
    Sweep("conflict", "ttc_sec", "s", (0.5, 1, 1.5, 2, 2.5, 3, 4)),
    Sweep("conflict", "pet_sec", "s", (0.25, 0.5, 1, 1.5, 2, 2.5, 3)),
    Sweep("conflict", "drac", "m/s²", (0, 1, 2, 2.5, 3, 4, 6)),
)

Setting = tuple[str, tuple[tuple[str, float], ...]]
"""A filter and the values of its swept thresholds, by name."""


def settings_of(name: str) -> list[Setting]:
    """Every combination of a filter's swept thresholds."""
    own = [sweep for sweep in SWEEPS if sweep.filter == name]
    return [
        (name, tuple(zip((sweep.parameter for sweep in own), values, strict=True)))
        for values in product(*(sweep.values for sweep in own))
    ]


def setting_of(sweep: Sweep, value: float) -> Setting:
    """The setting of one value, the filter's other swept thresholds at their defaults."""
    defaults = Parameters()
    own = [each.parameter for each in SWEEPS if each.filter == sweep.filter]
    return sweep.filter, tuple(
        (name, value if name == sweep.parameter else getattr(defaults, name)) for name in own
    )


def all_settings() -> list[Setting]:
    """Every setting of the curves and of the search."""
    found = [each for name in DEFAULT_FOUR for each in settings_of(name)]
    found += [setting_of(sweep, value) for sweep in SWEEPS for value in sweep.values]
    return list(dict.fromkeys(found))


def rejects(setting: Setting, candidate: Candidate, surroundings: Surroundings) -> bool:
    """Whether a filter, so set, rejects a candidate that was found with the default parameters."""
    name, values = setting
    parameters = replace(Parameters(), **dict(values))
    if name == "conflict":  # its verdict was reached with the parameters of the candidates
        return not judge(candidate.encounter, parameters).is_near_miss
    return bool(FILTERS[name](candidate, surroundings, parameters))


def curve_figures(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row a value of a threshold: filter, parameter, unit, value, is_default, false_removed and
    true_lost with n and Wilson interval.

    Args:
        table: candidates of `denominators`, with a column of bool for each of `all_settings`.
    """
    defaults = Parameters()
    return [
        {
            "filter": sweep.filter,
            "parameter": sweep.parameter,
            "unit": sweep.unit,
            "value": value,
            "is_default": value == getattr(defaults, sweep.parameter),
            **removal(table, table[[setting_of(sweep, value)]].iloc[:, 0]),
        }
        for sweep in SWEEPS
        for value in sweep.values
    ]


def best_of_four(table: pd.DataFrame, most_lost: float = MOST_LOST) -> dict[str, Any]:
    """The thresholds of the four classic filters that remove most false candidates and lose at
    most a share of the true near-misses, sought on the very candidates they are counted on.

    Returns:
        thresholds by name, false_removed and true_lost, and `settings`, how many were tried.
    """
    sure = table[~table["is_borderline"]]
    is_true = sure["is_near_miss"].to_numpy()
    true, false = sure[is_true], sure[~is_true]
    near_miss = true.groupby(["scene", "pair"]).ngroup().to_numpy()
    order = np.argsort(near_miss, kind="stable")
    starts = np.flatnonzero(np.diff(near_miss[order], prepend=-1))
    stationary, duration, direction, confidence = (settings_of(name) for name in DEFAULT_FOUR)
    halves = list(product(duration, direction))
    of_true, of_false = (
        _either(part, halves) for part in (true.iloc[order], false)
    )  # (settings of two filters, candidates), asked together with each of the other two
    best, most, tried = None, -1, 0
    for pair in product(stationary, confidence):
        lost = np.logical_and.reduceat(of_true | _either(true.iloc[order], [pair]), starts, axis=1)
        removed = (of_false | _either(false, [pair])).sum(axis=1)
        removed[lost.sum(axis=1) > most_lost * len(starts)] = -1
        at = int(np.argmax(removed))
        tried += len(halves)
        if removed[at] > most:
            best, most = (*pair, *halves[at]), removed[at]
    if best is None:
        return {"settings": tried, "thresholds": {}}
    rejected = np.logical_or.reduce([table[[each]].to_numpy()[:, 0] for each in best])
    return {
        "settings": tried,
        "thresholds": {name: value for _, values in best for name, value in values},
        **removal(table, pd.Series(rejected, table.index)),
    }


def _either(table: pd.DataFrame, pairs: list[tuple[Setting, Setting]]) -> np.ndarray:
    """Whether one of two settings rejects each candidate, (pairs, candidates)."""
    return np.array(
        [np.logical_or(*(table[[each]].to_numpy()[:, 0] for each in pair)) for pair in pairs]
    )
