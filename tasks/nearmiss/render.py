"""The annotated video: every source frame, with boxes, alerts and a clock."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import pandas as pd

from tasks.nearmiss.drawing import draw_alert, draw_clock, draw_objects
from tasks.nearmiss.encode import DEFAULT_PRESET, VideoWriter
from tasks.nearmiss.frames import Frame, FrameReader, to_image, to_planes
from tasks.nearmiss.pipeline import ahead, behind
from tasks.nearmiss.planes import Planes
from tasks.nearmiss.scoring import LEVELS

ALERT_SEC = 1.5
# A box is drawn through a gap of at most this many processed frames.
BRIDGED_FRAMES = 5


@dataclass(frozen=True)
class Alert:
    """An event while it is shown: source frames from `start` up to, not with, `end`."""

    start: int
    end: int
    objects: frozenset[int]
    level: str


def render_video(
    video: Path,
    tracks: Iterable[pd.DataFrame],
    events: pd.DataFrame,
    target: Path,
    *,
    fps: float,
    width: int,
    height: int,
    stride: int,
    preset: str = DEFAULT_PRESET,
    on_progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the annotated video; decoding, drawing and encoding run side by side.

    Args:
        video: the source.
        tracks: BoxesInBetween.COLUMNS, in order of frames, in pieces.
        events: EVENT_COLUMNS.
        target: the MP4 file.
        fps: source frames a second.
        width: of the upright source picture.
        height: of the upright source picture.
        stride: every how many frames one was processed; boxes between are interpolated.
        preset: of the encoder.
        on_progress: called with the number of frames done.

    Returns:
        The number of frames written.
    """
    to_picture = picture_to_draw_on(width, height)
    boxes = BoxesInBetween(tracks, stride)
    alerts = AlertsNow(alerts_of(events, fps))
    written = 0
    with (
        VideoWriter(target, fps, width, height, preset) as writer,
        behind(lambda frame: writer.write(frame.image, frame.time)) as encode,
    ):
        for frame in ahead(FrameReader(video, fps=fps, to_picture=to_picture)):
            annotate(frame, boxes.at(frame.index), alerts.at(frame.index))
            encode(frame)
            written = frame.index + 1
            on_progress(written)
    return written


def picture_to_draw_on(width: int, height: int) -> Callable[[av.VideoFrame], np.ndarray | Planes]:
    """What makes a picture of a decoded frame: only even sides can be drawn on in the form that
    the encoder takes."""
    return to_image if width % 2 or height % 2 else to_planes


def annotate(frame: Frame, objects: list[dict[str, Any]], alerts: list[Alert]) -> None:
    """Draw the objects, the alert and the clock on a frame, in place."""
    active = [alert for alert in alerts if alert.start <= frame.index < alert.end]
    alarmed = frozenset().union(*(alert.objects for alert in active))
    draw_objects(frame.image, objects, alarmed)
    if active:
        draw_alert(frame.image, min((alert.level for alert in active), key=LEVELS.index))
    draw_clock(frame.image, frame.index, frame.time)


def alerts_of(events: pd.DataFrame, fps: float) -> list[Alert]:
    """How long each event is shown: from its first frame to ALERT_SEC after its riskiest."""
    shown = max(1, round(ALERT_SEC * fps))
    return [
        Alert(
            start=int(event.first_frame_index),
            end=int(event.frame_index) + shown,
            objects=frozenset((int(event.object_id_1), int(event.object_id_2))),
            level=str(event.risk_level),
        )
        for event in events.itertuples()
    ]


class AlertsNow:
    """Which alerts are shown. Ask for frames in growing order: an hour has thousands of alerts."""

    def __init__(self, alerts: list[Alert]):
        self._coming = sorted(alerts, key=lambda alert: alert.start, reverse=True)
        self._shown: list[Alert] = []

    def at(self, frame_index: int) -> list[Alert]:
        """Those of a frame."""
        while self._coming and self._coming[-1].start <= frame_index:
            self._shown.append(self._coming.pop())
        self._shown = [alert for alert in self._shown if frame_index < alert.end]
        return self._shown


class BoxesInBetween:
    """Where each object is in every source frame, interpolated between the processed ones.

    Ask for frames in growing order; only the tracks around the frame are held.
    """

    COLUMNS: ClassVar = ["frame_index", "track_id", "class", "x1", "y1", "x2", "y2"]

    def __init__(self, tracks: Iterable[pd.DataFrame], stride: int):
        """
        Args:
            tracks: COLUMNS, in order of frames, in pieces.
            stride: every how many frames one was processed.
        """
        self._stride = stride
        self._max_gap = BRIDGED_FRAMES * stride
        self._sights = self._walk(tracks)
        self._next = next(self._sights, None)
        # object id -> sights around the current frame: (frame, box, class)
        self._open: dict[int, list[tuple[int, np.ndarray, str]]] = {}

    @staticmethod
    def _walk(tracks: Iterable[pd.DataFrame]) -> Iterator[tuple[int, int, np.ndarray, str]]:
        for piece in tracks:
            boxes = piece[["x1", "y1", "x2", "y2"]].to_numpy()
            names = piece["class"].astype("category").cat
            classes = map(names.categories.tolist().__getitem__, names.codes)
            yield from zip(piece["frame_index"], piece["track_id"], boxes, classes, strict=True)

    def at(self, frame_index: int) -> list[dict[str, Any]]:
        """The objects in a frame: {"id", "class", "bbox"}."""
        while self._next is not None and self._next[0] <= frame_index + self._max_gap:
            index, object_id, box, name = self._next
            self._open.setdefault(int(object_id), []).append((int(index), box, name))
            self._next = next(self._sights, None)
        found = []
        for object_id in list(self._open):
            sights = self._open[object_id]
            while len(sights) > 1 and sights[1][0] <= frame_index:
                sights.pop(0)
            box = self._box(sights, frame_index)
            if box is not None:
                found.append({"id": object_id, "class": sights[0][2], "bbox": box.tolist()})
            elif sights[-1][0] < frame_index:
                del self._open[object_id]
        return found

    def _box(
        self, sights: list[tuple[int, np.ndarray, str]], frame_index: int
    ) -> np.ndarray | None:
        before, box, _ = sights[0]
        if frame_index <= before:
            return box if frame_index == before else None
        if len(sights) == 1 or sights[1][0] - before > self._max_gap:
            # Up to the next processed frame nothing says that the object is gone.
            return box if frame_index - before < self._stride else None
        after, next_box, _ = sights[1]
        share = (frame_index - before) / (after - before)
        return box + share * (next_box - box)
