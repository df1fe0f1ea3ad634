"""Which configuration to use, by a rule that is stated."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from tasks.files import write_text
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.config import NearMissConfig

# Where no near-miss was seen, detections are all there is to judge by.
MIN_OBJECTS_FOUND = 95.0


@dataclass(frozen=True)
class Recommendation:
    """The configuration to use and why.

    Attributes:
        row: of the benchmark's table.
        reason: a sentence with the figures.
        meets_limits: whether it keeps within what may be missed and extra.
    """

    row: pd.Series
    reason: str
    meets_limits: bool


def rule(max_missed: float, max_extra: float) -> str:
    """The rule in words."""
    return (
        "Only configurations with threads can be recommended, for the near-miss flow always has "
        f"them. Of those that miss at most {max_missed:g} % of the reference's events, and of "
        f"whose own events at most {max_extra:g} % are extra, the one with the highest median of "
        "frames a second leads. Where the ranges of others (slowest to fastest round) reach "
        "its range, speed cannot tell them apart: then the one with the fewest missed and "
        "extra events is taken, of those the smallest stride, of those the largest input, and "
        "of those the fastest. Where "
        "the reference has no event at all, the stride stays 1 and at least "
        f"{MIN_OBJECTS_FOUND:g} % of its objects must be found. Where nothing keeps within the "
        "limits, the one with the fewest missed and extra events is taken."
    )


def recommend(table: pd.DataFrame, max_missed: float, max_extra: float) -> Recommendation:
    """Choose a row of `table.benchmark_table`; see `rule`."""
    able = table[table["threads"]]
    no_events = bool((able["events_n"] == 0).all())
    # By the counts: 5.04 % would be rounded to the limit.
    extra = able["extra_n"] - able["events_both"]
    few_extra = extra * 100 <= max_extra * able["extra_n"]
    # The stride that lost no detection may still have lost what no clip showed.
    if no_events:
        found = able["objects_both"] * 100 >= MIN_OBJECTS_FOUND * able["objects_n"]
        allowed = able[(able["stride"] == 1) & found & (able["objects_n"] > 0) & few_extra]
    else:
        missed = able["events_n"] - able["events_both"]
        allowed = able[(missed * 100 <= max_missed * able["events_n"]) & few_extra]
    if allowed.empty:
        row = _in_order(able).iloc[0]
        return Recommendation(row, _reason(row, no_events, 0, False), False)
    fastest = allowed.loc[allowed["fps"].idxmax()]
    level = allowed[allowed["fps_highest"] >= fastest["fps_lowest"]]
    row = _in_order(level).iloc[0]
    return Recommendation(row, _reason(row, no_events, len(level) - 1, True), True)


def configuration_of(row: pd.Series) -> Configuration:
    """The configuration of a row of the table."""
    return Configuration(
        str(row["engine"]), int(row["imgsz"]), int(row["stride"]), bool(row["threads"])
    )


def flow_settings(row: pd.Series) -> dict[str, object]:
    """The row as settings of the near-miss flow."""
    settings = {
        "engine": str(row["engine"]),
        "imgsz": int(row["imgsz"]),
        "stride": int(row["stride"]),
    }
    NearMissConfig(**settings)  # what the flow would refuse must not be written
    return settings


def write_settings(path: Path, chosen: Recommendation) -> None:
    """Write a file for `python flows/nearmiss.py --config`."""
    text = "# Recommended by python flows/benchmark.py\n"
    text += f"# {chosen.reason}\n"
    write_text(path, text + yaml.safe_dump(flow_settings(chosen.row), sort_keys=False))


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    wrong = rows["missed_events_%"].fillna(0) + rows["extra_events_%"].fillna(0)
    return rows.assign(wrong=wrong).sort_values(
        ["wrong", "stride", "imgsz", "fps"], ascending=[True, True, False, False]
    )


def _reason(row: pd.Series, no_events: bool, level: int, meets_limits: bool) -> str:
    speed = (
        f"{row['optimization']}: {row['fps']:.1f} frames/s ({row['fps_lowest']:.1f} to "
        f"{row['fps_highest']:.1f}, rounds: {row['repetitions']})"
    )
    if no_events and not row["objects_n"]:
        quality = "the clips hold no road user, so this says nothing of what is missed"
    elif no_events:
        quality = f"the clips hold no event; {row['objects_found_%']:.1f} % of the objects found"
    else:
        quality = (
            f"{row['missed_events_%']:.1f} % of {row['events_n']} events missed (95 % interval "
            f"{row['missed_low_%']:.1f} to {row['missed_high_%']:.1f} %)"
        )
        if row["extra_n"]:
            quality += f", {row['extra_events_%']:.1f} % of its own {row['extra_n']} are extra"
    others = (
        f"; chosen among {level + 1} whose speed cannot be told apart, by the fewest errors"
        if level
        else ""
    )
    limits = "" if meets_limits else "; nothing kept within the limits, this has the fewest errors"
    return f"{speed}; {quality}{others}{limits}."
