"""Short annotated clips of interactions, all cut in one pass over the video."""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from tasks.files import whole_or_nothing
from tasks.nearmiss.classes import VEHICLE, category_of
from tasks.nearmiss.drawing import BLACK, BLUE, FONT, GREEN, RED, draw_clock, put_label
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.frames import Frame, FrameReader
from tasks.nearmiss.pipeline import ahead
from tasks.nearmiss.render import BoxesInBetween
from tasks.nearmiss.review.shots import ROUNDING_SEC, Shot, check_ids, passes, shot_of

MAX_WIDTH = 960  # memory and time of an open encoder grow with it
CLOSE_UP_WIDTH = 640
CLOSE_UP_ASPECT = 16 / 9
# Clips and close-ups are shown two abreast, at about half of MAX_WIDTH: text has to be large.
TEXT_SCALE, LEAST_TEXT_SCALE, THICKNESS = 0.8, 0.35, 2.5


@dataclass(frozen=True)
class Clip:
    """The files of one interaction.

    Attributes:
        video: the clip, MP4.
        frame: the annotated frame of the worst moment, JPEG; None where the video lacks it.
        close_up: the two road users in that frame, JPEG; None where neither is seen in it.
    """

    video: Path
    frame: Path | None
    close_up: Path | None


def write_clips(
    video: Path,
    wanted: pd.DataFrame,
    tracks: pd.DataFrame,
    folder: Path,
    *,
    fps: float,
    stride: int = 1,
    on_progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Clip]:
    """Cut a clip for each interaction: `folder/<id>.mp4`, with `<id>.jpg` and `<id>.near.jpg`.

    The video is read once, however many clips overlap up to MAX_OPEN; beyond that once more for
    every further MAX_OPEN. Pictures are at most MAX_WIDTH wide.

    Args:
        video: the source.
        wanted: kept interactions, rejected candidates, or both.
        tracks: frame_index, track_id, class, x1, y1, x2, y2, and maybe more.
        folder: of the clips.
        fps: source frames a second.
        stride: every how many frames one was processed; boxes between are interpolated.
        on_progress: called with the number of frames read in this pass.

    Returns:
        interaction_id -> Clip, without those of which the video shows nothing.

    Raises:
        ValueError: an interaction_id is no safe file name, or there twice.
        BadInput: the video cannot be read.
    """
    check_ids(wanted["interaction_id"])
    rows = wanted.to_dict("records")
    shots = [shot for shot in map(shot_of, rows) if shot is not None]
    clips: dict[str, Clip] = {}
    for group in passes(shots):
        clips |= _film(video, group, tracks, folder, fps, stride, on_progress)
    return {
        row["interaction_id"]: clips[row["interaction_id"]]
        for row in rows
        if row["interaction_id"] in clips
    }


def _film(
    video: Path,
    shots: list[Shot],
    tracks: pd.DataFrame,
    folder: Path,
    fps: float,
    stride: int,
    on_progress: Callable[[int], None],
) -> dict[str, Clip]:
    """One pass. `shots` in order of their starts."""
    shown = tracks["track_id"].isin(frozenset().union(*(shot.objects for shot in shots)))
    boxes = BoxesInBetween([tracks[shown].sort_values("frame_index", kind="stable")], stride)
    waiting = deque(shots)
    running: list[_Recording] = []
    clips: dict[str, Clip] = {}

    def finish(recording: _Recording) -> None:
        running.remove(recording)
        recording.stop(None, None, None)
        if recording.clip is not None:
            clips[recording.shot.id] = recording.clip

    with ExitStack() as stack:
        for frame in stack.enter_context(closing(ahead(FrameReader(video, fps=fps)))):
            objects = boxes.at(frame.index)
            while waiting and waiting[0].start <= frame.time:
                running.append(_Recording(waiting.popleft(), folder, fps))
                stack.push(running[-1].stop)  # an error anywhere leaves no half file
            for recording in [r for r in running if frame.time > r.shot.end]:
                finish(recording)
            for recording in running:
                recording.add(
                    frame, [seen for seen in objects if seen["id"] in recording.shot.objects]
                )
            on_progress(frame.index + 1)
            if not waiting and not running:
                break
        for recording in list(running):
            finish(recording)
    return clips


class _Recording:
    """A clip being written. Its files appear when `stop` is called without an error."""

    def __init__(self, shot: Shot, folder: Path, fps: float):
        self.shot = shot
        self.clip: Clip | None = None
        self._folder, self._fps = folder, fps
        self._writer: VideoWriter | None = None
        self._first = 0.0
        self._pictures: tuple[Path | None, Path | None] | None = None

    def add(self, frame: Frame, objects: list[dict[str, Any]]) -> None:
        """Draw on a copy of the frame and append it."""
        image, zoom = _fitted(frame.image)
        if self._writer is None:
            writer = VideoWriter(
                self._folder / f"{self.shot.id}.mp4", self._fps, image.shape[1], image.shape[0]
            )
            self._writer = writer.__enter__()
            self._first = frame.time
        meeting = self.shot.meet - ROUNDING_SEC <= frame.time <= self.shot.part + ROUNDING_SEC
        _draw_boxes(image, _moved(objects, (0, 0), zoom), is_red=meeting)
        draw_clock(image, frame.index, frame.time)
        put_lines(image, self.shot.caption)
        self._writer.write(image, frame.time - self._first)
        if self._pictures is None and self.shot.is_worst(frame):
            name = f"{self.shot.id}.near.jpg"
            near = _close_up(frame.image, objects)
            self._pictures = (
                _save(self._folder / f"{self.shot.id}.jpg", image),
                None if near is None else _save(self._folder / name, near),
            )

    def stop(self, *error: Any) -> None:
        """Close the file: whole, or after an error not at all. A second call does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(*error)
            if error[0] is None:
                frame, near = self._pictures or (None, None)
                self.clip = Clip(self._folder / f"{self.shot.id}.mp4", frame, near)


def put_lines(image: np.ndarray, lines: list[str]) -> None:
    """Lines of white text on black at the bottom left, in place, as small as the width needs."""
    scale = _text_scale(image)
    bottom = image.shape[0] - 4
    for line in reversed(lines):
        (width, height), base = cv2.getTextSize(line, FONT, scale, 1)
        fit = scale * min(1.0, (image.shape[1] - 12) / max(1, width))
        put_label(image, line, (4, bottom), BLACK, fit)
        bottom -= height + base + 4


def _draw_boxes(image: np.ndarray, objects: list[dict[str, Any]], *, is_red: bool) -> None:
    """Boxes with id and class, in place: above, but the lowest one's below, where it hides none."""
    thickness = max(1, round(THICKNESS * image.shape[1] / MAX_WIDTH))
    scale = 0.8 * _text_scale(image)
    lowest = max((seen["bbox"][3] for seen in objects), default=0)
    for seen in objects:
        color = BLUE if category_of(seen["class"]) == VEHICLE else GREEN
        color = RED if is_red else color
        x1, y1, x2, y2 = (round(value) for value in seen["bbox"])
        cv2.rectangle(image, (x1, y1), (x2, y2), color, thickness, cv2.LINE_AA)
        name = f"#{seen['id']} {seen['class']}".encode("ascii", "replace").decode()
        (_, height), base = cv2.getTextSize(name, FONT, scale, 1)
        below = min(y2 + height + base + 2, image.shape[0])
        is_lower = len(objects) > 1 and seen["bbox"][3] == lowest
        put_label(image, name, (x1, below if is_lower else y1), color, scale)


def _text_scale(image: np.ndarray) -> float:
    return max(LEAST_TEXT_SCALE, TEXT_SCALE * image.shape[1] / MAX_WIDTH)


def _fitted(image: np.ndarray) -> tuple[np.ndarray, float]:
    """A copy at most MAX_WIDTH wide, and its size as a share of the original's."""
    zoom = min(1.0, MAX_WIDTH / image.shape[1])
    if zoom == 1:
        return image.copy(), 1.0
    return cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), zoom


def _moved(
    objects: list[dict[str, Any]], corner: tuple[float, float], zoom: float
) -> list[dict[str, Any]]:
    """The objects in a picture cut out at `corner` (x, y) and then scaled by `zoom`."""
    origin = np.array([*corner, *corner])
    return [
        {**seen, "bbox": ((np.array(seen["bbox"]) - origin) * zoom).tolist()} for seen in objects
    ]


def _close_up(image: np.ndarray, objects: list[dict[str, Any]]) -> np.ndarray | None:
    """The objects with what is around them; None without objects."""
    if not objects:
        return None
    boxes = np.array([seen["bbox"] for seen in objects])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    height, width = image.shape[:2]
    across, down = 1.6 * (high - low)
    across = max(across, CLOSE_UP_ASPECT * down, width / 4)
    across = min(across, width, CLOSE_UP_ASPECT * height)
    size = np.array([across, across / CLOSE_UP_ASPECT])
    x, y = np.clip((low + high - size) / 2, 0, np.array([width, height]) - size).astype(int)
    part = image[y : y + max(1, int(size[1])), x : x + max(1, int(size[0]))]
    zoom = CLOSE_UP_WIDTH / part.shape[1]
    part = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    _draw_boxes(part, _moved(objects, (x, y), zoom), is_red=True)
    return part


def _save(path: Path, image: np.ndarray) -> Path:
    with whole_or_nothing(path) as temporary:
        cv2.imwrite(str(temporary), image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return path
