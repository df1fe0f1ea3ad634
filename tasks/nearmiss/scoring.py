"""Which pairs of road users nearly collide, by their boxes in the picture, and how badly.

All distances are in source pixels and all speeds in pixels a second: without a calibrated
camera nothing here is in metres.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from tasks.nearmiss.classes import PEDESTRIAN, category_of

EVENT_COLUMNS = [
    "frame_index",
    "timestamp_sec",
    "object_id_1",
    "object_id_2",
    "class_1",
    "class_2",
    "distance_px",
    "ttc_sec",
    "risk_score",
    "risk_level",
    "closing_speed_px_s",
    "speed_1_px_s",
    "speed_2_px_s",
    "heading_1_deg",
    "heading_2_deg",
    "boxes_overlap",
    "is_near",
    "is_short_ttc",
    "is_closing_fast",
    "first_frame_index",
]
LEVELS = ("High", "Medium", "Low")
HIGH_FROM, MEDIUM_FROM = 0.7, 0.4
SCORE_DECIMALS = 4  # in every table
WEIGHT_DISTANCE, WEIGHT_TTC, WEIGHT_SPEED = 0.4, 0.4, 0.2

# Jitter of a box by 2 px between two frames 40 ms apart reads as 50 px/s; over this span the
# same jitter reads as a tenth of that.
SPEED_SPAN_SEC = 0.4
# An object unseen for longer than this starts anew: what it did meanwhile is not known.
FORGET_AFTER_SEC = 1.0
CRITERIA_NEEDED = 2

Point = tuple[float, float]


def boxes_overlap(box_1: list[float], box_2: list[float]) -> bool:
    """Whether two boxes [x1, y1, x2, y2] share an area."""
    return min(box_1[2], box_2[2]) > max(box_1[0], box_2[0]) and min(box_1[3], box_2[3]) > max(
        box_1[1], box_2[1]
    )


def closing_speed(center_1: Point, velocity_1: Point, center_2: Point, velocity_2: Point) -> float:
    """How fast the distance of two centres shrinks, in pixels a second; negative when it grows."""
    apart = (center_2[0] - center_1[0], center_2[1] - center_1[1])
    distance = math.hypot(*apart)
    relative = (velocity_2[0] - velocity_1[0], velocity_2[1] - velocity_1[1])
    if distance == 0:
        return math.hypot(*relative)
    return -(apart[0] * relative[0] + apart[1] * relative[1]) / distance


def time_to_collision(distance: float, closing: float) -> float:
    """Seconds until the distance is gone at this closing speed (Hayward 1972).

    0 at distance 0; infinite when the two keep their distance or move apart.
    """
    if distance <= 0:
        return 0.0
    return distance / closing if closing > 0 else math.inf


def risk_score(
    distance: float,
    ttc: float,
    closing: float,
    *,
    proximity_threshold: float,
    ttc_threshold: float,
    closing_speed_threshold: float,
) -> float:
    """Risk from 0 to 1: (1 - distance) * 0.4 + (1 - TTC) * 0.4 + speed * 0.2.

    Distance and TTC are shares of their thresholds; the speed factor is the closing speed as a
    share of twice its threshold, so that "just rapid" counts half. All three are clipped to 0..1.
    """
    normalized_distance = _clip(distance / proximity_threshold)
    normalized_ttc = _clip(ttc / ttc_threshold)
    speed_factor = _clip(closing / (2 * closing_speed_threshold))
    return (
        (1 - normalized_distance) * WEIGHT_DISTANCE
        + (1 - normalized_ttc) * WEIGHT_TTC
        + speed_factor * WEIGHT_SPEED
    )


def risk_level(score: float) -> str:
    """High from 0.7, Medium from 0.4, else Low, of the score as tables show it, so that the two
    never disagree."""
    score = np.round(score, SCORE_DECIMALS)
    if score >= HIGH_FROM:
        return "High"
    return "Medium" if score >= MEDIUM_FROM else "Low"


def heading_degrees(velocity: Point) -> float:
    """Direction of movement in the picture: 0 to the right, 90 up, 0 to 360; NaN standing."""
    if velocity == (0.0, 0.0):
        return math.nan
    return math.degrees(math.atan2(-velocity[1], velocity[0])) % 360


class NearMissDetector:
    """Watches tracked objects frame by frame and raises near-miss events.

    A pair is a near-miss when at least two hold: (a) the boxes overlap or the centres are nearer
    than `proximity_threshold`; (b) the time to collision is below `ttc_threshold`; (c) they close
    in faster than `closing_speed_threshold`.

    An event covers the `cooldown_frames` from the frame in which it is raised, in which the pair
    raises no other. Its values are those of its riskiest moment, since an approach is rarely at
    its worst in the first frame that meets two criteria.

    Attributes:
        events: all events so far, in the order in which they were raised.
        skipped_pedestrian_pairs: near-misses of two pedestrians that were not asked for.
    """

    def __init__(
        self,
        proximity_threshold: float = 100.0,
        ttc_threshold: float = 2.0,
        closing_speed_threshold: float = 100.0,
        cooldown_frames: int = 30,
        fps: float = 30.0,
        pedestrian_pairs: bool = True,
    ):
        """
        Args:
            proximity_threshold: pixels.
            ttc_threshold: seconds.
            closing_speed_threshold: pixels a second.
            cooldown_frames: source frames within which a pair raises no second event.
            fps: source frames a second, where `process_frame` is given no time.
            pedestrian_pairs: whether two pedestrians can be a near-miss.
        """
        self.proximity_threshold = proximity_threshold
        self.ttc_threshold = ttc_threshold
        self.closing_speed_threshold = closing_speed_threshold
        self.cooldown_frames = cooldown_frames
        self.fps = fps
        self.pedestrian_pairs = pedestrian_pairs
        self.events: list[dict[str, Any]] = []
        self.skipped_pedestrian_pairs = 0
        self._seen: dict[int, deque[tuple[float, Point]]] = {}
        self._current: dict[tuple[int, int], dict[str, Any]] = {}

    def process_frame(
        self,
        frame_index: int,
        tracked_objects: Mapping[int, Mapping[str, Any]],
        timestamp_sec: float | None = None,
    ) -> list[dict[str, Any]]:
        """Take the objects of the next processed frame.

        Args:
            frame_index: number of the source frame.
            tracked_objects: object_id -> {"class", "bbox", "center", …} as trackers return them;
                one that has `disappeared` is passed over.
            timestamp_sec: time of the frame; frame_index / fps when None.

        Returns:
            The events raised in this frame (EVENT_COLUMNS), the riskiest first. A later frame of
            the same approach that is riskier updates them.
        """
        now = frame_index / self.fps if timestamp_sec is None else timestamp_sec
        present = {
            object_id: seen
            for object_id, seen in tracked_objects.items()
            if not seen.get("disappeared")
        }
        self._remember(now, present)
        velocities = {object_id: self._velocity(object_id) for object_id in present}
        raised = []
        for id_1, id_2 in combinations(sorted(present), 2):
            moment = self._judge(
                (id_1, present[id_1], velocities[id_1]), (id_2, present[id_2], velocities[id_2])
            )
            if moment is None:
                continue
            moment = {"frame_index": frame_index, "timestamp_sec": now, **moment}
            event = self._current.get((id_1, id_2))
            if event and frame_index - event["first_frame_index"] < self.cooldown_frames:
                if moment["risk_score"] > event["risk_score"]:
                    event.update(moment)
                continue
            self._current[id_1, id_2] = event = {**moment, "first_frame_index": frame_index}
            if self._is_unwanted(event):
                self.skipped_pedestrian_pairs += 1
            else:
                raised.append(event)
        raised.sort(key=lambda event: -event["risk_score"])
        self.events += raised
        return raised

    def _judge(
        self, first: tuple[int, Mapping, Point], second: tuple[int, Mapping, Point]
    ) -> dict[str, Any] | None:
        (id_1, object_1, velocity_1), (id_2, object_2, velocity_2) = first, second
        distance = math.dist(object_1["center"], object_2["center"])
        overlap = boxes_overlap(object_1["bbox"], object_2["bbox"])
        closing = closing_speed(object_1["center"], velocity_1, object_2["center"], velocity_2)
        ttc = time_to_collision(distance, closing)
        is_near = bool(overlap or distance < self.proximity_threshold)
        # bool(): the sum of two true numpy booleans is one
        is_short_ttc = bool(ttc < self.ttc_threshold)
        is_closing_fast = bool(closing > self.closing_speed_threshold)
        if is_near + is_short_ttc + is_closing_fast < CRITERIA_NEEDED:
            return None
        score = risk_score(
            distance,
            ttc,
            closing,
            proximity_threshold=self.proximity_threshold,
            ttc_threshold=self.ttc_threshold,
            closing_speed_threshold=self.closing_speed_threshold,
        )
        return {
            "object_id_1": id_1,
            "object_id_2": id_2,
            "class_1": object_1["class"],
            "class_2": object_2["class"],
            "distance_px": distance,
            "ttc_sec": ttc,
            "risk_score": score,
            "risk_level": risk_level(score),
            "closing_speed_px_s": closing,
            "speed_1_px_s": math.hypot(*velocity_1),
            "speed_2_px_s": math.hypot(*velocity_2),
            "heading_1_deg": heading_degrees(velocity_1),
            "heading_2_deg": heading_degrees(velocity_2),
            "boxes_overlap": overlap,
            "is_near": is_near,
            "is_short_ttc": is_short_ttc,
            "is_closing_fast": is_closing_fast,
        }

    def _remember(self, now: float, present: Mapping[int, Mapping[str, Any]]) -> None:
        """Add this frame's places and forget what is too old to matter."""
        for object_id in [
            i for i, seen in self._seen.items() if now - seen[-1][0] > FORGET_AFTER_SEC
        ]:
            del self._seen[object_id]
        for object_id, seen in present.items():
            places = self._seen.setdefault(object_id, deque())
            if places and now <= places[-1][0]:  # no time has passed: the newer place counts
                places.pop()
            places.append((now, tuple(seen["center"])))
            while len(places) > 2 and now - places[1][0] >= SPEED_SPAN_SEC:
                places.popleft()

    def _velocity(self, object_id: int) -> Point:
        """Pixels a second over the last SPEED_SPAN_SEC; (0, 0) at first sight."""
        places = self._seen[object_id]
        (before, start), (now, end) = places[0], places[-1]
        if now <= before:
            return (0.0, 0.0)
        elapsed = now - before
        return ((end[0] - start[0]) / elapsed, (end[1] - start[1]) / elapsed)

    def _is_unwanted(self, event: Mapping[str, Any]) -> bool:
        both = {category_of(event["class_1"]), category_of(event["class_2"])}
        return both == {PEDESTRIAN} and not self.pedestrian_pairs


def score_tracks(
    frames: pd.DataFrame, tracks: pd.DataFrame, detector: NearMissDetector
) -> pd.DataFrame:
    """Run a detector over the tracks of a video.

    Args:
        frames: one row a decoded frame; those not `processed` are passed over.
        tracks: TRACK_COLUMNS of `tracking`, in order of frames.
        detector: a new one.

    Returns:
        EVENT_COLUMNS, one row an event, in order of time and then of risk.
    """
    for frame_index, time_sec, objects in objects_by_frame(frames, tracks):
        detector.process_frame(frame_index, objects, time_sec)
    return events_table(detector.events)


def events_table(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Events as a table with EVENT_COLUMNS in order of time and then of risk, numbers rounded
    to what they can mean."""
    table = pd.DataFrame(events, columns=EVENT_COLUMNS).sort_values(
        ["timestamp_sec", "risk_score"], ascending=[True, False], ignore_index=True
    )
    decimals = {"timestamp_sec": 3, "distance_px": 1, "ttc_sec": 3, "risk_score": SCORE_DECIMALS}
    decimals |= {name: 1 for name in EVENT_COLUMNS if name.endswith(("px_s", "_deg"))}
    return table.astype({name: float for name in decimals}).round(decimals)


def objects_by_frame(
    frames: pd.DataFrame, tracks: pd.DataFrame
) -> Iterator[tuple[int, float, dict[int, dict[str, Any]]]]:
    """Walk over the processed frames: frame index, time in seconds, objects by id."""
    processed = frames[frames["processed"]]
    starts = np.searchsorted(tracks["frame_index"], processed["frame_index"], side="left")
    ends = np.searchsorted(tracks["frame_index"], processed["frame_index"], side="right")
    ids = tracks["track_id"].to_numpy()
    class_names = tracks["class"].astype("category").cat
    names, codes = class_names.categories.tolist(), class_names.codes.to_numpy()
    boxes = tracks[["x1", "y1", "x2", "y2"]].to_numpy()
    centers = tracks[["center_x", "center_y"]].to_numpy()
    for index, time_sec, start, end in zip(
        processed["frame_index"], processed["timestamp_sec"], starts, ends, strict=True
    ):
        yield (
            int(index),
            float(time_sec),
            {
                int(ids[row]): {
                    "class": names[codes[row]],
                    "bbox": boxes[row].tolist(),
                    "center": tuple(centers[row].tolist()),
                }
                for row in range(start, end)
            },
        )


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
