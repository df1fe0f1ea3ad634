"""Milliseconds a source frame that each step takes by itself, and the bound that follows.

The steps run one after the other over a group of frames each, so that no other step of ours takes
time meanwhile. Threads that a library starts within its step (decoder, network, encoder) count
in its CPU time.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import pandas as pd

from tasks.nearmiss import detection, render
from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import DEFAULTS, Detectors, Found, Stopwatch, judged, tracked
from tasks.nearmiss.benchmark.reporting import report_of
from tasks.nearmiss.detection import DetectionSummary
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.frames import Frame, FrameReader, to_image

FRAMES_AT_ONCE = 32
STEPS = (
    "decode",
    "convert",
    "inference",
    "camera drift",
    "tracking",
    "scoring and interactions",
    "decode again",
    "convert again",
    "drawing",
    "encoding",
    "report",
)
BOUND = ("decode", "inference", "encoding")


class Watches(defaultdict[str, Stopwatch]):
    """A stopwatch for each step."""

    def __init__(self) -> None:
        super().__init__(Stopwatch)


def time_steps(
    clips: Sequence[Clip], configuration: Configuration, detectors: Detectors, repetitions: int
) -> list[dict[str, Any]]:
    """Wall and CPU milliseconds a source frame of each step, the median and range over rounds.

    Args:
        clips: all of them make a round.
        configuration: its engine, size and stride.
        detectors: already warm.
        repetitions: rounds.
    """
    frames = sum(clip.metadata.frames for clip in clips)
    rounds = []
    for _ in range(repetitions):
        watches = Watches()
        for clip in clips:
            _time_clip(clip, configuration, detectors, watches)
        rounds.append(watches)
    rows = []
    for step in STEPS:
        wall = [1000 * watches[step].wall_sec / frames for watches in rounds]
        cpu = [1000 * watches[step].cpu_sec / frames for watches in rounds]
        rows.append(
            {
                "step": step,
                "ms_a_frame": round(median(wall), 2),
                "lowest": round(min(wall), 2),
                "highest": round(max(wall), 2),
                "cpu_ms_a_frame": round(median(cpu), 2),
                "rounds": repetitions,
            }
        )
    return rows


def bound(rows: Sequence[dict[str, Any]], cores: int | None = None) -> dict[str, float]:
    """Frames a second if there were only decoding, inference and encoding.

    Args:
        rows: of `time_steps`.
        cores: that the process may use.

    Returns:
        `in_a_row`: one after the other, by their wall time. `side_by_side`: with every core busy
        all the time, by their CPU time; nothing can be faster than that with these steps.
    """
    cores = cores or len(os.sched_getaffinity(0))
    counted = [row for row in rows if row["step"] in BOUND]
    wall, cpu = (sum(row[name] for row in counted) for name in ("ms_a_frame", "cpu_ms_a_frame"))
    return {"in_a_row": round(1000 / wall, 1), "side_by_side": round(1000 * cores / cpu, 1)}


def _time_clip(
    clip: Clip, configuration: Configuration, detectors: Detectors, watches: Watches
) -> None:
    detector = detectors.get(configuration, clip)
    summary_of_clip = DetectionSummary()
    frame_rows, detection_rows = [], []
    for group in _groups(clip.path, watches["decode"]):
        wanted = [index % configuration.stride == 0 for index, _, _ in group]
        with watches["convert"]:
            images = [
                to_image(frame) if use else None
                for (_, _, frame), use in zip(group, wanted, strict=True)
            ]
        before = watches["inference"].wall_sec
        with watches["inference"]:
            found = [
                None if image is None else detector.detect(image, DEFAULTS.conf_threshold)
                for image in images
            ]
        taken = watches["inference"].wall_sec - before
        if any(wanted):  # the last group may be shorter than the stride
            summary_of_clip.frame_ms += [1000 * taken / sum(wanted)] * sum(wanted)
        with watches["camera drift"]:
            for (_, time, _), image, objects in zip(group, images, found, strict=True):
                if objects is not None:
                    summary_of_clip.camera.add(time, image, objects.boxes)
        for (index, time, _), image, objects in zip(group, images, found, strict=True):
            frame_rows.append((index, time, objects is not None))
            if objects is not None:
                summary_of_clip.per_class.update(objects.class_names())
                detection_rows += detection.table_rows(Frame(index, time, image), objects)
    summary_of_clip.frames = len(frame_rows)
    frames = pd.DataFrame(frame_rows, columns=detection.FRAMES_SCHEMA.names)
    detections = pd.DataFrame(detection_rows, columns=detection.DETECTIONS_SCHEMA.names)
    with watches["tracking"]:
        sights, tracks = tracked(clip, frames, detections, configuration.stride)
    with watches["scoring and interactions"]:
        found = judged(clip, frames, detections, sights, tracks, summary_of_clip)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        _time_video(clip, found, configuration.stride, Path(folder) / "video.mp4", watches)
        with watches["report"]:
            report_of(clip, found, Path(folder))


def _time_video(clip: Clip, found: Found, stride: int, target: Path, watches: Watches) -> None:
    boxes = render.BoxesInBetween([found.tracks], stride)
    alerts = render.AlertsNow(render.alerts_of(found.events, clip.metadata.fps))
    size = clip.metadata.width, clip.metadata.height
    writer = VideoWriter(target, clip.metadata.fps, *size, DEFAULTS.video_preset)
    to_picture = render.picture_to_draw_on(*size)
    with watches["encoding"]:
        writer.__enter__()
    for group in _groups(clip.path, watches["decode again"]):
        with watches["convert again"]:
            pictures = [Frame(index, time, to_picture(frame)) for index, time, frame in group]
        with watches["drawing"]:
            for picture in pictures:
                render.annotate(picture, boxes.at(picture.index), alerts.at(picture.index))
        with watches["encoding"]:
            for picture in pictures:
                writer.write(picture.image, picture.time)
    with watches["encoding"]:
        writer.__exit__(None, None, None)


def _groups(path: Path, watch: Stopwatch) -> Iterator[list[tuple[int, float, av.VideoFrame]]]:
    """Decoded frames in groups: number, seconds since the first, frame. The watch runs while
    they are decoded."""
    frames = FrameReader(path).decoded()
    while True:
        with watch:
            group = list(islice(frames, FRAMES_AT_ONCE))
        if not group:
            return
        yield group
