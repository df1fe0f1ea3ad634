"""The values of an interaction in words: one place for units, digits and intervals."""

import math
from collections.abc import Mapping
from typing import Any

from tasks.nearmiss.report import clock

METRES = "m"
KM_H = 3.6
MISSING = "not defined"


def finite(value: object) -> bool:
    """Whether a table's value is a number, neither missing, NaN nor infinite."""
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except TypeError:
        return False


def number(value: object, decimals: int) -> str:
    """A number with so many decimals; empty where there is none."""
    return f"{value:.{decimals}f}" if finite(value) else ""


def ranged(value: object, low: object, high: object, decimals: int) -> str:
    """`0.80 (0.60 to 1.10)`; without an interval where none is known, empty without a value."""
    text = number(value, decimals)
    if not text or not finite(low):
        return text
    if finite(high):
        return f"{text} ({number(low, decimals)} to {number(high, decimals)})"
    return f"{text} ({number(low, decimals)} or more)" if high == math.inf else text


def length(value: object, units: str) -> str:
    """`1.2 m` or `43 px`."""
    if not finite(value):
        return ""
    return f"{value:.1f} m" if units == METRES else f"{value:.0f} px"


def speed(value: object, units: str) -> str:
    """`32 km/h` of metres a second, or `120 px/s`."""
    if not finite(value):
        return ""
    return f"{KM_H * value:.0f} km/h" if units == METRES else f"{value:.0f} px/s"


def moment(seconds: object) -> str:
    """MM:SS.s in the video."""
    return clock(seconds) if finite(seconds) else ""


def duration(row: Mapping[str, Any]) -> float:
    """Seconds from start to end; NaN where not known."""
    known = finite(row["start_sec"]) and finite(row["end_sec"])
    return row["end_sec"] - row["start_sec"] if known else math.nan


def time_to_collision(row: Mapping[str, Any]) -> str:
    """The smallest TTC with its interval in words."""
    ttc = row["min_ttc_sec"]
    if ttc == math.inf:
        return "none: never on course to touch"
    value, _, interval = ranged(ttc, row["ttc_low_sec"], row["ttc_high_sec"], 2).partition(" ")
    return f"{value} s {interval}".strip() if value else MISSING


def table_of(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the values table shows: (name, value), all as plain text."""
    units = row["units"]
    angle = number(row["conflict_angle_deg"], 0)
    lasted = duration(row)
    drac_unit = "m/s²" if units == METRES else "px/s²"
    speeds = [speed(row[name], units) or MISSING for name in ("speed_1", "speed_2")]
    score = ranged(row["risk_score"], row["score_low"], row["score_high"], 2) or MISSING
    frames = f"frames {number(row['start_frame'], 0)} to {number(row['end_frame'], 0)}"
    rows = [
        (
            "Time",
            f"{moment(row['start_sec'])} to {moment(row['end_sec'])}"
            f"{f', {lasted:.1f} s' if finite(lasted) else ''}; {frames}",
        ),
        ("Worst moment", f"{moment(row['worst_sec'])}, frame {number(row['worst_frame'], 0)}"),
        ("Smallest time to collision", time_to_collision(row)),
        (
            "Post-encroachment time",
            f"{number(row['pet_sec'], 2)} s" if finite(row["pet_sec"]) else MISSING,
        ),
        (
            "Largest DRAC",
            f"{number(row['max_drac'], 1)} {drac_unit}" if finite(row["max_drac"]) else MISSING,
        ),
        ("Smallest distance", length(row["min_distance"], units) or MISSING),
        ("Speeds", " and ".join(speeds)),
        ("Conflict", f"{row['conflict_type']}{f', {angle}°' if angle else ''}"),
        ("Vulnerable road user", "yes" if is_true(row["vulnerable"]) else "no"),
        ("Risk score", f"{score}, {row['risk_level']}"),
    ]
    if isinstance(row.get("filter"), str):
        rows.append(("Rejected by", row["filter"]))
    return rows


def is_true(value: object) -> bool:
    """Truth of a table's value, which a CSV may give as text."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes")
    return bool(value) and value == value  # NaN is not equal to itself
