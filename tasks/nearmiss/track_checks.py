"""Which rows of given trajectories cannot be right. Pure functions on arrays of n rows."""

from bisect import bisect_left

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def first_reasons(checks: list[tuple[Mask, str]], count: int) -> NDArray[np.object_]:
    """The first reason against each of `count` rows, "" where there is none."""
    reasons = np.full(count, "", dtype=object)
    for bad, reason in checks:
        reasons[np.asarray(bad) & (reasons == "")] = reason
    return reasons


def repeated(track: Floats, frame: Floats, considered: Mask) -> Mask:
    """Rows whose track was already seen in their frame by an earlier considered row."""
    table = pd.DataFrame({"track": track, "frame": frame})[considered]
    found = np.zeros(len(track), dtype=bool)
    found[considered] = table.duplicated(keep="first").to_numpy()
    return found


def out_of_order(track: Floats, frame: Floats, considered: Mask) -> Mask:
    """Rows that break the order of time within their track, as few as possible.

    What is kept of a track is a longest increasing subsequence of its frames (Fredman 1975), so
    that one wrong frame far in the future does not condemn everything after it.
    """
    found = np.zeros(len(track), dtype=bool)
    for rows in _tracks(track, considered):
        if (np.diff(frame[rows]) > 0).all():
            continue
        found[rows] = True
        found[rows[_longest_increasing(frame[rows].tolist())]] = False
    return found


def too_fast(track: Floats, time: Floats, place: Floats, limit: float, considered: Mask) -> Mask:
    """Rows that their track could only reach faster than `limit`.

    Each row is compared with the last one that was kept, once from the start of the track and
    once from its end; the walk that keeps more decides, so that a wrong first row costs one row.

    Args:
        track, time: n numbers and seconds, in order of time within each track.
        place: n x 2 metres.
        limit: metres a second.
        considered: rows to look at.
    """
    found = np.zeros(len(track), dtype=bool)
    for rows in _tracks(track, considered):
        steps = np.linalg.norm(np.diff(place[rows], axis=0), axis=1)
        if (steps <= limit * np.diff(time[rows])).all():
            continue
        ways = [_reachable(rows, time, place, limit), _reachable(rows[::-1], time, place, limit)]
        found[rows] = True
        found[max(ways, key=len)] = False
    return found


def _tracks(track: Floats, considered: Mask) -> list[NDArray[np.int64]]:
    """Positions of each track's considered rows, in the order as written."""
    rows = np.flatnonzero(considered)
    order = rows[np.argsort(track[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(track[order])) + 1) if len(order) else []


def _longest_increasing(values: list[float]) -> list[int]:
    """Positions of a longest strictly increasing subsequence."""
    ends: list[float] = []
    last: list[int] = []
    previous = [-1] * len(values)
    for position, value in enumerate(values):
        length = bisect_left(ends, value)
        previous[position] = last[length - 1] if length else -1
        ends[length : length + 1] = [value]
        last[length : length + 1] = [position]
    chosen, position = [], last[-1]
    while position >= 0:
        chosen.append(position)
        position = previous[position]
    return chosen[::-1]


def _reachable(rows: NDArray[np.int64], time: Floats, place: Floats, limit: float) -> list[int]:
    kept = [int(rows[0])]
    for row in rows[1:].tolist():
        last = kept[-1]
        if np.hypot(*(place[row] - place[last])) <= limit * abs(time[row] - time[last]):
            kept.append(row)
    return kept
