"""The study as a table: one row a configuration, quality and speed with n and spread."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import pandas as pd

from tasks.nearmiss.benchmark.configurations import BASELINE
from tasks.nearmiss.benchmark.matching import Matched
from tasks.nearmiss.benchmark.measure import Measured
from tasks.nearmiss.evaluation.figures import proportion

# Below this an interval says little more than that nothing is known.
FEW = 10
COLUMNS = [
    "optimization",
    "fps",
    "missed_events_%",
    "missed_low_%",
    "missed_high_%",
    "events_n",
    "events_both",
    "extra_events_%",
    "extra_n",
    "missed_pixel_events_%",
    "pixel_events_n",
    "missed_interactions_%",
    "interactions_n",
    "objects_found_%",
    "objects_low_%",
    "objects_high_%",
    "objects_n",
    "objects_both",
    "fps_lowest",
    "fps_highest",
    "repetitions",
    "speedup",
    "speedup_lowest",
    "speedup_highest",
    "cpu_ms_a_frame",
    "engine",
    "imgsz",
    "stride",
    "threads",
]


def benchmark_table(measured: Sequence[Measured]) -> pd.DataFrame:
    """COLUMNS, one row a configuration in the order measured.

    `events_n` are the reference's, `extra_n` the configuration's own, `events_both` those that both
    have. `fps` is the median over the rounds. `speedup` is against the baseline of the same round,
    the median of the ratios. Events are pixel events and interactions together; shares of which
    n is 0 are empty, and intervals are 95 % (Wilson), taking the events as independent.
    """
    baseline = next(each for each in measured if each.configuration == BASELINE)
    return pd.DataFrame([_row(each, baseline) for each in measured], columns=COLUMNS)


def _row(each: Measured, baseline: Measured) -> dict[str, Any]:
    speeds = [cost.fps for cost in each.rounds]
    ratios = [cost.fps / base.fps for cost, base in zip(each.rounds, baseline.rounds, strict=True)]
    near, objects = each.quality["near_misses"], each.quality["objects"]
    missed, extra = missed_share(near), extra_share(near)
    found = proportion(objects.both, objects.reference)
    pixel, interactions = (missed_share(each.quality[kind]) for kind in ("events", "interactions"))
    return {
        "optimization": each.configuration.name,
        "fps": round(median(speeds), 2),
        "missed_events_%": percent(missed["value"]),
        "missed_low_%": percent(missed["low"]),
        "missed_high_%": percent(missed["high"]),
        "events_n": missed["n"],
        "events_both": near.both,
        "extra_events_%": percent(extra["value"]),
        "extra_n": extra["n"],
        "missed_pixel_events_%": percent(pixel["value"]),
        "pixel_events_n": pixel["n"],
        "missed_interactions_%": percent(interactions["value"]),
        "interactions_n": interactions["n"],
        "objects_found_%": percent(found["value"]),
        "objects_low_%": percent(found["low"]),
        "objects_high_%": percent(found["high"]),
        "objects_n": found["n"],
        "objects_both": objects.both,
        "fps_lowest": round(min(speeds), 2),
        "fps_highest": round(max(speeds), 2),
        "repetitions": len(speeds),
        "speedup": round(median(ratios), 2),
        "speedup_lowest": round(min(ratios), 2),
        "speedup_highest": round(max(ratios), 2),
        "cpu_ms_a_frame": round(
            median(1000 * cost.cpu_sec / cost.frames for cost in each.rounds), 2
        ),
        "engine": each.configuration.engine,
        "imgsz": each.configuration.imgsz,
        "stride": each.configuration.stride,
        "threads": each.configuration.threads,
    }


def missed_share(counts: Matched) -> dict[str, Any]:
    """Of the reference's findings, those that the other side lacks, with n and interval."""
    return proportion(counts.reference - counts.both, counts.reference)


def extra_share(counts: Matched) -> dict[str, Any]:
    """Of the other side's findings, those that the reference lacks, with n and interval."""
    return proportion(counts.candidate - counts.both, counts.candidate)


def percent(share: float | None) -> float | None:
    """A share as percent with one decimal."""
    return None if share is None else round(100 * share, 1)
