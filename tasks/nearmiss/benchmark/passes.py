"""One pass: a clip through detection, tracking, scoring and interactions, with its cost."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tasks.nearmiss import refinement, scoring, tracking
from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.camera import drift
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.detection import DetectionSummary, detect_video
from tasks.nearmiss.detectors import Detector, make_detector
from tasks.nearmiss.engines.choose import Clip as EngineClip
from tasks.nearmiss.interactions import meetings
from tasks.nearmiss.trackers import make_tracker
from tasks.pointers import FilePointer

DEFAULTS = NearMissConfig()


@dataclass(frozen=True)
class Found:
    """What a pass found in a clip.

    Attributes:
        frames, detections: tables of `detection`.
        sights: tracked boxes in source pixels.
        tracks: the same refined.
        events: `scoring.EVENT_COLUMNS`.
        interactions: kept ones, `INTERACTION_COLUMNS`.
        rejected: how many candidates the filters rejected.
        scale: description of the plane.
        summary: of the detection.
    """

    frames: pd.DataFrame
    detections: pd.DataFrame
    sights: pd.DataFrame
    tracks: pd.DataFrame
    events: pd.DataFrame
    interactions: pd.DataFrame
    rejected: int
    scale: str
    summary: DetectionSummary


@dataclass(frozen=True)
class Cost:
    """What a pass took.

    Attributes:
        frames: of the source.
        wall_sec, cpu_sec: by the clock, and of all threads of this process together.
    """

    frames: int
    wall_sec: float
    cpu_sec: float

    @property
    def fps(self) -> float:
        """Frames of the source a second."""
        return self.frames / self.wall_sec


class Stopwatch:
    """Adds up the wall and CPU time of the blocks that it is used around."""

    def __init__(self) -> None:
        self.wall_sec = self.cpu_sec = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall_sec += time.perf_counter() - self._start[0]
        self.cpu_sec += time.process_time() - self._start[1]


class Detectors:
    """Makes each detector once and keeps it, since building an engine is no part of a pass."""

    def __init__(self, weights: FilePointer, onnx: FilePointer, clips: Sequence[Clip]):
        """
        Args:
            weights: of YOLO.
            onnx: their export.
            clips: the first of each picture size gives the frames that int8 is calibrated with.
        """
        self._weights, self._onnx = weights, onnx
        self._first: dict[tuple[int, int], Clip] = {}
        for clip in clips:
            self._first.setdefault(clip.picture_size, clip)
        self._made: dict[tuple[str, int, tuple[int, int]], Detector] = {}

    def get(self, configuration: Configuration, clip: Clip) -> Detector:
        """The detector of a configuration for the pictures of a clip."""
        key = (configuration.engine, configuration.imgsz, clip.picture_size)
        if key not in self._made:
            self._made[key] = make_detector(
                "yolo",
                self.model(configuration, clip),
                configuration.imgsz,
                engine=configuration.engine,
            )
        return self._made[key]

    def model(self, configuration: Configuration, clip: Clip) -> Path:
        """The file that the configuration's engine reads; made where it is not there yet."""
        calibration = FilePointer.to(self._first[clip.picture_size].path)
        return EngineClip(
            weights=self._weights,
            onnx=self._onnx,
            video=calibration,
            calibration=calibration,
            picture_size=clip.picture_size,
            imgsz=configuration.imgsz,
            conf_threshold=DEFAULTS.conf_threshold,
        ).model(configuration.engine)


def timed_pass(
    clip: Clip,
    configuration: Configuration,
    detector: Detector,
    on_progress: Callable[[int], None] = lambda done: None,
) -> tuple[Found, Cost]:
    """Find near-misses in a clip, and say what that took."""
    with Stopwatch() as watch:
        found = find_near_misses(clip, configuration, detector, on_progress)
    return found, Cost(found.summary.frames, watch.wall_sec, watch.cpu_sec)


def find_near_misses(
    clip: Clip,
    configuration: Configuration,
    detector: Detector,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Found:
    """A clip through the steps of the near-miss flow, with its default settings."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        written = {name: Path(folder) / f"{name}.parquet" for name in ("detections", "frames")}
        summary = detect_video(
            clip.path,
            detector,
            stride=configuration.stride,
            conf_threshold=DEFAULTS.conf_threshold,
            fps=clip.metadata.fps,
            frames_expected=clip.metadata.frames,
            detections_file=written["detections"],
            frames_file=written["frames"],
            samples=0,
            side_by_side=configuration.threads,
            on_progress=on_progress,
        )
        frames, detections = (pd.read_parquet(written[name]) for name in ("frames", "detections"))
    sights, tracks = tracked(clip, frames, detections, configuration.stride)
    return judged(clip, frames, detections, sights, tracks, summary)


def tracked(
    clip: Clip, frames: pd.DataFrame, detections: pd.DataFrame, stride: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracks as they were seen, and refined."""
    tracker = make_tracker(DEFAULTS.tracker, DEFAULTS.max_disappeared)
    sights = tracking.track_detections(frames, detections, tracker)
    size = clip.metadata.width, clip.metadata.height
    return sights, refinement.refine_tracks(sights, frames, stride, *size)


def judged(
    clip: Clip,
    frames: pd.DataFrame,
    detections: pd.DataFrame,
    sights: pd.DataFrame,
    tracks: pd.DataFrame,
    summary: DetectionSummary,
    settings: NearMissConfig = DEFAULTS,
) -> Found:
    """Events and interactions of tracks, by these settings."""
    transforms = summary.camera.transforms()
    drifts = summary.camera.figures()["kind"] == drift.DRIFTING
    steady_sights, steady = (
        drift.compensate(table, transforms) if drifts else table for table in (sights, tracks)
    )
    detector = scoring.NearMissDetector(**settings.criteria())
    events = scoring.score_tracks(frames, steady, detector)
    size = clip.metadata.width, clip.metadata.height
    scale = meetings.scale_for(steady_sights, size, None)
    kept, rejected = meetings.find_interactions(
        meetings.trajectories_of_boxes(steady_sights, scale), **settings.definition()
    )
    return Found(
        frames=frames,
        detections=detections,
        sights=sights,
        tracks=tracks,
        events=events,
        interactions=kept,
        rejected=len(rejected),
        scale=scale.description,
        summary=summary,
    )
