"""The recommendation with its annotated video beside `ultralytics.YOLO.track(save=True)`."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from tasks import torchvision_repair
from tasks.nearmiss.benchmark.clips import Clip, remux
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import DEFAULTS, Detectors, find_near_misses
from tasks.nearmiss.render import render_video

WARM_UP_SEC = 1.0


def can_track() -> bool:
    """Whether ultralytics' tracker has the assignment solver that it wants."""
    return find_spec("lap") is not None


def compare_with_ultralytics(
    clips: Sequence[Clip],
    configuration: Configuration,
    detectors: Detectors,
    weights: Path,
    repetitions: int,
) -> dict[str, Any]:
    """Both from file to annotated video, in turn, over all clips.

    Ours also finds the near-misses; ultralytics detects and tracks in every frame at its own
    input size of 640 and confidence of 0.1. Building the model and a second of video before the
    first round do not count.

    Returns:
        frames; fps of both (median, lowest, highest); ratio of each round (median, lowest,
        highest); rounds.
    """
    frames = sum(clip.metadata.frames for clip in clips)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        track = _ultralytics(weights, Path(folder))
        short = Path(folder) / f"warm-up{clips[0].path.suffix}"
        remux(clips[0].path, short, WARM_UP_SEC)
        track(short)
        speeds: dict[str, list[float]] = {"ours": [], "ultralytics": []}
        for _ in range(repetitions):
            start = time.perf_counter()
            for clip in clips:
                _ours(clip, configuration, detectors, Path(folder) / "ours.mp4")
            speeds["ours"].append(frames / (time.perf_counter() - start))
            start = time.perf_counter()
            for clip in clips:
                track(clip.path)
            speeds["ultralytics"].append(frames / (time.perf_counter() - start))
    ratios = [ours / theirs for ours, theirs in zip(*speeds.values(), strict=True)]
    return {
        "frames": frames,
        "rounds": repetitions,
        **{name: _spread(values, 1) for name, values in speeds.items()},
        "ratio": _spread(ratios, 2),
    }


def _ours(clip: Clip, configuration: Configuration, detectors: Detectors, target: Path) -> None:
    found = find_near_misses(clip, configuration, detectors.get(configuration, clip))
    render_video(
        clip.path,
        [found.tracks],
        found.events,
        target,
        fps=clip.metadata.fps,
        width=clip.metadata.width,
        height=clip.metadata.height,
        stride=configuration.stride,
        preset=DEFAULTS.video_preset,
    )


def _ultralytics(weights: Path, folder: Path) -> Callable[[Path], None]:
    torchvision_repair.repair()
    # It would install packages by itself where it misses one.
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    from ultralytics import YOLO

    model = YOLO(str(weights))

    def track(video: Path) -> None:
        results = model.track(
            str(video), save=True, stream=True, verbose=False, project=str(folder), exist_ok=True
        )
        for _ in results:
            pass

    return track


def _spread(values: Sequence[float], digits: int) -> dict[str, float]:
    return {
        "median": round(median(values), digits),
        "lowest": round(min(values), digits),
        "highest": round(max(values), digits),
    }
