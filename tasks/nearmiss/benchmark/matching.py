"""What of the reference's findings another configuration has too.

Track ids mean nothing from run to run. A near-miss is the same where the two tell of the same time
and of road users at the same places.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tasks.nearmiss.benchmark.passes import DEFAULTS, Found
from tasks.nearmiss.classes import category_of
from tasks.nearmiss.engines.agreement import iou
from tasks.nearmiss.interactions.parameters import Parameters

Floats = NDArray[np.float64]

MATCH_IOU = 0.5
# Strides and small shifts of boxes move the moment at which an event begins.
SLACK_SEC = 0.5
# A track's last box stands for it this long: in a near-miss by its PET, the first road user has
# left that long before the second arrives, which is the worst moment.
REACH_SEC = Parameters().candidate_pet_sec
BOX = ["x1", "y1", "x2", "y2"]


@dataclass(frozen=True)
class Path:
    """Where a road user is: n times in seconds, n x 4 boxes in source pixels."""

    times: Floats
    boxes: Floats

    def at(self, time: float) -> Floats | None:
        """Its box at a time, interpolated between sights; up to REACH_SEC before the first or
        after the last, that one; None where it was not there."""
        if not self.times[0] - REACH_SEC <= time <= self.times[-1] + REACH_SEC:
            return None
        return np.array([np.interp(time, self.times, edge) for edge in self.boxes.T])


@dataclass(frozen=True)
class NearMiss:
    """An event or an interaction: when it was, its worst moment, in seconds, and who was in it."""

    start: float
    end: float
    worst: float
    users: tuple[Path, Path]


@dataclass(frozen=True)
class Matched:
    """Counts of two sides, which add up over clips.

    Attributes:
        reference: findings of the reference.
        candidate: findings of the other side.
        both: that both have, each given away once.
    """

    reference: int = 0
    candidate: int = 0
    both: int = 0

    def __add__(self, other: "Matched") -> "Matched":
        return Matched(
            self.reference + other.reference,
            self.candidate + other.candidate,
            self.both + other.both,
        )


def near_misses(found: Found, fps: float) -> dict[str, list[NearMiss]]:
    """The events (pixel criteria) and interactions (trajectories) of a pass."""
    paths = {
        int(track_id): Path(rows["timestamp_sec"].to_numpy(float), rows[BOX].to_numpy(float))
        for track_id, rows in found.sights.groupby("track_id")
    }
    times = found.frames.set_index("frame_index")["timestamp_sec"]
    events = []
    for row in found.events.itertuples():
        start = float(times[row.first_frame_index])
        end = start + DEFAULTS.cooldown_frames / fps
        ids = (row.object_id_1, row.object_id_2)
        events.append(_near_miss(start, end, row.timestamp_sec, ids, paths))
    interactions = [
        _near_miss(
            row.start_sec, row.end_sec, row.worst_sec, (row.track_id_1, row.track_id_2), paths
        )
        for row in found.interactions.itertuples()
    ]
    return {"events": events, "interactions": interactions}


def match_near_misses(reference: Sequence[NearMiss], candidate: Sequence[NearMiss]) -> Matched:
    """How many near-misses both sides tell of."""
    overlap = np.zeros((len(reference), len(candidate)))
    for row, one in enumerate(reference):
        for column, other in enumerate(candidate):
            overlap[row, column] = same_boxes(one, other)
    return Matched(len(reference), len(candidate), _pairs(overlap >= MATCH_IOU, overlap))


def same_boxes(one: NearMiss, other: NearMiss) -> float:
    """The IoU of the worse-fitting of the two road users at the moment at which they fit best.

    The moments are the worst of both sides and the middle of the common time; 0 where the two are
    more than SLACK_SEC apart in time.
    """
    start, end = max(one.start, other.start), min(one.end, other.end)
    if start - end > SLACK_SEC:
        return 0.0
    moments = (one.worst, other.worst, (start + end) / 2)
    return max(_overlap_at(moment, one.users, other.users) for moment in moments)


def match_objects(reference: Found, candidate: Found) -> Matched:
    """How many detections both sides have, in the frames that both processed: an IoU of
    MATCH_IOU or more and the same category."""
    shared = set(_processed(reference)) & set(_processed(candidate))
    sides = [
        {index: rows for index, rows in found.detections.groupby("frame_index") if index in shared}
        for found in (reference, candidate)
    ]
    total = Matched()
    for index in shared:
        boxes, kinds = zip(*(_boxes(side.get(index)) for side in sides), strict=True)
        overlap = iou(*boxes)
        allowed = (overlap >= MATCH_IOU) & (kinds[0][:, None] == kinds[1][None, :])
        total += Matched(len(boxes[0]), len(boxes[1]), _pairs(allowed, overlap))
    return total


def _near_miss(
    start: float, end: float, worst: float, ids: tuple[int, int], paths: dict[int, Path]
) -> NearMiss:
    return NearMiss(start, end, float(worst), tuple(paths[int(each)] for each in ids))


def _overlap_at(time: float, one: tuple[Path, Path], other: tuple[Path, Path]) -> float:
    boxes = [[path.at(time) for path in users] for users in (one, other)]
    if any(box is None for side in boxes for box in side):
        return 0.0
    table = iou(np.array(boxes[0]), np.array(boxes[1]))
    return float(max(min(table[0, 0], table[1, 1]), min(table[0, 1], table[1, 0])))


def _pairs(allowed: NDArray[np.bool_], overlap: Floats) -> int:
    # An allowed pair is worth more than any overlap, so that as many as possible are matched.
    rows, columns = linear_sum_assignment(allowed * (1 + overlap), maximize=True)
    return int(allowed[rows, columns].sum())


def _processed(found: Found) -> list[int]:
    return found.frames.loc[found.frames["processed"], "frame_index"].tolist()


def _boxes(rows: pd.DataFrame | None) -> tuple[Floats, NDArray[np.str_]]:
    if rows is None:
        return np.empty((0, 4)), np.empty(0, dtype=str)
    return rows[BOX].to_numpy(float), np.array([category_of(name) for name in rows["class"]])
