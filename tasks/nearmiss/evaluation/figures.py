"""Figures of a benchmark with their intervals: detection, errors of measures, filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from tasks.nearmiss.interactions.filters import DEFAULT_FOUR, FILTERS

LEAST_TTC_SEC = 0.1  # relative errors are of at least so much
SETS: dict[str, set[str]] = {
    **{name: {name} for name in FILTERS},
    "default four": set(DEFAULT_FOUR),
    "all but conflict": set(FILTERS) - {"conflict"},
    "all": set(FILTERS),
}
"""Filters that are counted together, by name."""


def proportion(hits: int, count: int) -> dict[str, Any]:
    """A share with its n and 95 % Wilson interval."""
    if not count:
        return {"value": None, "n": 0, "low": None, "high": None}
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return {
        "value": round(hits / count, 4),
        "n": int(count),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
    }


def detection_figures(
    table: pd.DataFrame, bootstraps: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Precision and recall (Wilson) and F1 (bootstrap over scenes) of found pairs, 95 %.

    Borderline pairs count neither way. `events_a_pair` tells how often one meeting is told twice.
    """
    sure = table[~table["is_borderline"]]
    hit = (sure["found"] & sure["is_near_miss"]).astype(int)
    false = (sure["found"] & ~sure["is_near_miss"]).astype(int)
    missed = (~sure["found"] & sure["is_near_miss"]).astype(int)
    counts = pd.DataFrame({"hit": hit, "false": false, "missed": missed})
    by_scene = counts.groupby(sure["scene"]).sum().to_numpy()
    hits, falses, misses = (int(each) for each in counts.sum())
    low, high = None, None
    if len(by_scene) and hits:
        drawn = by_scene[rng.integers(len(by_scene), size=(bootstraps, len(by_scene)))].sum(axis=1)
        scores = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
        low, high = (round(float(each), 4) for each in np.percentile(scores, [2.5, 97.5]))
    whole = 2 * hits + falses + misses
    told = sure.loc[sure["found"], "events"]
    return {
        "true_positives": hits,
        "false_positives": falses,
        "false_negatives": misses,
        "scenes": len(by_scene),
        "precision": proportion(hits, hits + falses),
        "recall": proportion(hits, hits + misses),
        "f1": {
            "value": round(2 * hits / whole, 4) if whole else None,
            "n": hits + misses,
            "low": low,
            "high": high,
        },
        "events_a_pair": round(float(told.mean()), 3) if len(told) else None,
    }


def error_figures(table: pd.DataFrame) -> dict[str, Any]:
    """Errors of TTC (relative) and PET (s) of found true near-misses: n, median, p95, and the
    share of true TTC inside the interval given."""
    right = table[table["found"] & table["is_near_miss"] & ~table["is_borderline"]]
    by_ttc = right[right["true_ttc_sec"].notna() & right["ttc_sec"].notna()]
    true = by_ttc["true_ttc_sec"]
    ttc = (by_ttc["ttc_sec"] - true).abs() / true.clip(lower=LEAST_TTC_SEC)
    by_pet = right[right["true_pet_sec"].notna() & right["pet_sec"].notna()]
    pet = (by_pet["pet_sec"] - by_pet["true_pet_sec"]).abs()
    inside = (by_ttc["ttc_low_sec"] <= true) & (by_ttc["ttc_high_sec"].fillna(np.inf) >= true)
    return {
        "ttc_relative": _spread(ttc),
        "pet_sec": _spread(pet),
        "ttc_interval_holds": proportion(int(inside.sum()), len(inside)),
    }


def _spread(errors: pd.Series) -> dict[str, Any]:
    if errors.empty:
        return {"n": 0, "median": None, "p95": None, "max": None}
    return {
        "n": len(errors),
        "median": round(float(errors.median()), 4),
        "p95": round(float(errors.quantile(0.95)), 4),
        "max": round(float(errors.max()), 4),
    }


def filter_figures(candidates: pd.DataFrame) -> dict[str, Any]:
    """What each filter by itself, the four default ones together and all together reject."""
    if candidates.empty:
        return {}
    return {
        name: removal(candidates, candidates["rejected_by"].map(lambda no, s=used: bool(s & {*no})))
        for name, used in SETS.items()
    }


def removal(candidates: pd.DataFrame, rejected: pd.Series) -> dict[str, Any]:
    """Shares of false candidates removed and of true near-misses lost, Wilson intervals.

    A false candidate is one of a pair that is no near-miss. A true near-miss is lost when none of
    its candidates is left: a rider's and a bicycle's candidate are one near-miss. Borderline
    pairs count neither way.

    Args:
        candidates: scene, pair, is_near_miss, is_borderline.
        rejected: whether each is.
    """
    sure = ~candidates["is_borderline"].astype(bool)
    is_true = candidates["is_near_miss"].astype(bool)
    removed = rejected[sure & ~is_true]
    true = candidates[sure & is_true]
    lost = rejected[sure & is_true].groupby([true["scene"], true["pair"]]).all()
    return {
        "false_removed": proportion(int(removed.sum()), len(removed)),
        "true_lost": proportion(int(lost.sum()), len(lost)),
    }
