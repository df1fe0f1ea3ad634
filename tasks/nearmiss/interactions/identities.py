"""Tracks whose identity broke, put right: cut where a track jumps, joined where one goes on.

Liu, Saunier and Bilodeau (2025) find such breaks to be the reason why trackers over-count
interactions. Two rules, both on foot points in the plane: no road user changes its velocity at
once, so a track that does is two; and a track that begins where another was heading when it
ended, a moment later, is the same road user.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tasks.nearmiss.interactions.plane import Plane

Floats = NDArray[np.float64]
_End = tuple[float, Floats, Floats]  # time, place, velocity
SIDE_SEC = 0.6  # of the track, on either side of a cut, that tells where it was heading
LEAST_BOXES = 4  # on a side
JUMP_SPEED = 12.0  # m/s; no road user changes its velocity by so much within SIDE_SEC
JUMP_PLACE = 2.0  # m
SIGMAS = 6.0
LONGEST_PAUSE_SEC = 2.0
IMPOSSIBLE = 1e6
REACH_M, REACH_M_PER_SEC = 1.5, 2.0  # how far off a continuation may begin, and more a second


def repair_identities(tracks: pd.DataFrame, plane: Plane) -> pd.Series:
    """A number of the road user for each row, that of its track where nothing broke.

    Args:
        tracks: track_id, frame_index, timestamp_sec, class, x1, y1, x2, y2.
        plane: where jumps are measured; on a bare picture nothing is changed.

    Returns:
        (rows,) ints; a road user found again bears the number of its first track, a track that
        was cut goes on under a new one.
    """
    if plane.homography is None or tracks.empty:
        return tracks["track_id"].copy()
    feet = np.column_stack([(tracks["x1"] + tracks["x2"]) / 2, tracks["y2"]]).astype(float)
    places = plane.to_ground(feet)
    times = tracks["timestamp_sec"].to_numpy(float)
    users = tracks["track_id"].to_numpy().copy()
    order = np.lexsort((times, users))
    next_user = int(users.max()) + 1
    for rows in np.split(order, np.flatnonzero(np.diff(users[order])) + 1):
        good = rows[np.isfinite(places[rows]).all(axis=1)]
        for cut in _jumps(times[good], places[good]):
            users[rows[times[rows] >= times[good[cut]]]] = next_user
            next_user += 1
    return pd.Series(_joined(users, times, places, tracks["class"].astype(str)), tracks.index)


def _jumps(times: Floats, places: Floats) -> list[int]:
    """Rows at which a track is another road user, none within SIDE_SEC of each other."""
    count = len(times)
    if count < 2 * LEAST_BOXES:
        return []
    scores = np.zeros(count)
    for row in range(LEAST_BOXES, count - LEAST_BOXES + 1):
        scores[row] = _jump(times, places, row)
    found = []
    while scores.max() > 1:
        row = int(np.argmax(scores))
        found.append(row)
        scores[np.abs(times - times[row]) < SIDE_SEC] = 0
    return sorted(found)


def _jump(times: Floats, places: Floats, row: int) -> float:
    """How far beyond belief the change at a row is: above 1 it is a jump."""
    start = max(np.searchsorted(times, times[row - 1] - SIDE_SEC), row - 12)
    stop = min(np.searchsorted(times, times[row] + SIDE_SEC, side="right"), row + 12)
    if row - start < LEAST_BOXES or stop - row < LEAST_BOXES:
        return 0.0
    moment = (times[row - 1] + times[row]) / 2
    before, speed_before, error_before = _line(times[start:row] - moment, places[start:row])
    after, speed_after, error_after = _line(times[row:stop] - moment, places[row:stop])
    place_error = np.hypot(error_before[0], error_after[0])
    speed_error = np.hypot(error_before[1], error_after[1])
    pause = times[row] - times[row - 1]
    place = np.hypot(*(after - before)) / max(
        JUMP_PLACE + REACH_M_PER_SEC * pause, SIGMAS * place_error
    )
    speed = np.hypot(*(speed_after - speed_before)) / max(JUMP_SPEED, SIGMAS * speed_error)
    return float(max(place, speed))


def _line(times: Floats, places: Floats) -> tuple[Floats, Floats, Floats]:
    """Place at time 0, velocity, and standard errors of both, by least squares."""
    center = times.mean()
    spread = max(float(((times - center) ** 2).sum()), 1e-9)
    velocity = (times - center) @ places / spread
    place = places.mean(axis=0) - velocity * center
    left = places - place - times[:, None] * velocity
    variance = float((left**2).sum()) / max(len(times) - 2, 1)
    errors = np.sqrt(variance * np.array([1 / len(times) + center**2 / spread, 1 / spread]))
    return place, velocity, errors


def _joined(users: NDArray, times: Floats, places: Floats, classes: pd.Series) -> NDArray:
    """Numbers with every continuation joined to what it continues."""
    order = np.lexsort((times, users))
    groups = np.split(order, np.flatnonzero(np.diff(users[order])) + 1)
    groups = [rows[np.isfinite(places[rows]).all(axis=1)] for rows in groups]
    groups = [rows for rows in groups if len(rows) >= 2]
    names, codes = np.unique(classes.to_numpy(str), return_inverse=True)
    usual = [np.bincount(codes[rows], minlength=len(names)).argmax() for rows in groups]
    ends = [_end(times[rows], places[rows], last=True) for rows in groups]
    starts = [_end(times[rows], places[rows], last=False) for rows in groups]
    costs = _continuation_costs(ends, starts, usual)
    result = users.copy()
    for i, j in sorted(_cheapest(costs), key=lambda pair: starts[pair[1]][0]):
        result[result == users[groups[j][0]]] = result[groups[i][0]]
    return result


def _continuation_costs(
    ends: list[_End], starts: list[_End], classes: list[int]
) -> dict[tuple[int, int], float]:
    """How far from likely it is that one track goes on as another, where it may at all."""
    begins = np.array([start for start, _, _ in starts])
    in_time = np.argsort(begins, kind="stable")
    costs = {}
    for i, (end, at, ahead) in enumerate(ends):
        span = np.searchsorted(begins[in_time], [end, end + LONGEST_PAUSE_SEC], side="right")
        for j in in_time[slice(*span)].tolist():
            start, there, speed = starts[j]
            pause = start - end
            if i == j or classes[i] != classes[j] or not 0 < pause <= LONGEST_PAUSE_SEC:
                continue
            miss = np.hypot(*(at + ahead * pause / 2 - (there - speed * pause / 2)))
            reach = REACH_M + REACH_M_PER_SEC * pause
            turn = np.hypot(*(speed - ahead)) / JUMP_SPEED
            if miss <= reach and turn <= 1:
                costs[i, j] = miss / reach + turn
    return costs


def _cheapest(costs: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The most continuations, and of as many the likeliest, no track in two on the same side.

    Those that share no track are assigned apart: a table of all tracks against all would grow
    with the square of the video's length.
    """
    if not costs:
        return []
    one, two = np.array(list(costs)).T
    count = int(max(one.max(), two.max())) + 1
    linked = coo_array((np.ones(len(one)), (one, count + two)), shape=(2 * count, 2 * count))
    _, part_of = connected_components(linked, directed=False)
    parts: dict[int, list[tuple[int, int]]] = {}
    for pair in sorted(costs):
        parts.setdefault(part_of[pair[0]], []).append(pair)
    found = []
    for pairs in parts.values():
        rows, columns = (sorted(set(side)) for side in zip(*pairs, strict=True))
        table = np.full((len(rows), len(columns)), IMPOSSIBLE)
        for i, j in pairs:
            table[rows.index(i), columns.index(j)] = costs[i, j]
        chosen = zip(*linear_sum_assignment(table), strict=True)
        found += [(rows[i], columns[j]) for i, j in chosen if table[i, j] < IMPOSSIBLE]
    return found


def _end(times: Floats, places: Floats, *, last: bool) -> _End:
    """Time, place and velocity (zero for a single moment) at an end of a track."""
    moment = times[-1] if last else times[0]
    near = np.abs(times - moment) <= SIDE_SEC
    place, velocity, _ = _line(times[near] - moment, places[near])
    return float(moment), place, velocity if near.sum() > 2 else np.zeros(2)
