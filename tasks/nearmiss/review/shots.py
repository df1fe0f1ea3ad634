"""What to film of each interaction: from when to when, and in which pass over the video."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.nearmiss.frames import Frame
from tasks.nearmiss.review.evidence import finite, number, ranged

LEAD_SEC = TAIL_SEC = 1.5
LONGEST_SEC = 8.0
# An open encoder holds tens of pictures; more overlapping clips than this wait for another pass.
MAX_OPEN = 8
# Times in tables are rounded to milliseconds.
ROUNDING_SEC = 0.002
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Shot:
    """What to film: seconds since the first frame, red boxes from `meet` to `part`."""

    id: str
    objects: frozenset[int]
    start: float
    end: float
    meet: float
    part: float
    worst_sec: float
    worst_frame: float  # may be NaN
    caption: list[str]

    def is_worst(self, frame: Frame) -> bool:
        """Whether the worst moment has come."""
        if finite(self.worst_frame):
            return frame.index >= self.worst_frame
        return frame.time >= self.worst_sec - ROUNDING_SEC


def check_ids(ids: Iterable[object]) -> None:
    """Raise ValueError unless all are different, also by letter case, and safe as file names."""
    seen: set[str] = set()
    for name in ids:
        if not isinstance(name, str) or not SAFE_ID.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a file: letters, digits, - and _.")
        if name.casefold() in seen:
            raise ValueError(f"The interaction {name!r} is there twice.")
        seen.add(name.casefold())


def window(row: Mapping[str, Any]) -> tuple[float, float] | None:
    """From when to when a clip runs, in seconds; None where the row holds no time.

    From LEAD_SEC before to TAIL_SEC after the interaction. Where that is longer than
    LONGEST_SEC: so long around the worst moment, moved as little as keeps it inside.
    """
    times = [row[name] for name in ("start_sec", "worst_sec", "end_sec") if finite(row[name])]
    if not times:
        return None
    start, end = max(0.0, min(times) - LEAD_SEC), max(times) + TAIL_SEC
    if end - start > LONGEST_SEC:
        worst = row["worst_sec"] if finite(row["worst_sec"]) else (start + end) / 2
        start = min(max(start, worst - LONGEST_SEC / 2), end - LONGEST_SEC)
        end = start + LONGEST_SEC
    return start, end


def caption(row: Mapping[str, Any]) -> list[str]:
    """Two lines for the foot of a clip, ASCII as OpenCV's fonts are."""
    who = (
        f"{row['interaction_id']}  {row['class_1']} #{int(row['track_id_1'])} and "
        f"{row['class_2']} #{int(row['track_id_2'])}"
    )
    ttc = ranged(row["min_ttc_sec"], row["ttc_low_sec"], row["ttc_high_sec"], 2)
    distance = number(row["min_distance"], 0 if row["units"] == "px" else 1)
    values = [f"TTC {ttc} s"] if ttc else []
    values += [f"{distance} {row['units']} apart"] if distance else []
    values.append(
        f"rejected: {row['filter']}" if _is_text(row.get("filter")) else str(row["risk_level"])
    )
    return [line.encode("ascii", "replace").decode() for line in (who, ", ".join(values))]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def shot_of(row: Mapping[str, Any]) -> Shot | None:
    """What to film of an interaction; None where it has no time."""
    span = window(row)
    if span is None:
        return None
    middle = sum(span) / 2
    return Shot(
        id=row["interaction_id"],
        objects=frozenset((int(row["track_id_1"]), int(row["track_id_2"]))),
        start=span[0],
        end=span[1],
        meet=row["start_sec"] if finite(row["start_sec"]) else span[0],
        part=row["end_sec"] if finite(row["end_sec"]) else span[1],
        worst_sec=row["worst_sec"] if finite(row["worst_sec"]) else middle,
        worst_frame=row["worst_frame"] if finite(row["worst_frame"]) else math.nan,
        caption=caption(row),
    )


def passes(shots: list[Shot]) -> list[list[Shot]]:
    """Groups of shots of which never more than MAX_OPEN run at once, in as few groups as can be."""
    ends: list[float] = []  # of the latest shot in each lane; a lane holds one shot at a time
    groups: dict[int, list[Shot]] = {}
    for shot in sorted(shots, key=lambda shot: (shot.start, shot.id)):
        lane = next((i for i, end in enumerate(ends) if end < shot.start), len(ends))
        ends[lane : lane + 1] = [shot.end]
        groups.setdefault(lane // MAX_OPEN, []).append(shot)
    return [groups[number] for number in sorted(groups)]
