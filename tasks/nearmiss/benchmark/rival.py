"""A setting with its annotated video and report beside `ultralytics.YOLO.track(save=True)`.

python -m tasks.nearmiss.benchmark.rival clip.mp4 … --engine openvino-int8 [--stride 2]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from tasks import torchvision_repair
from tasks.nearmiss.benchmark.clips import Clip, clip_of, remux
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import DEFAULTS, Detectors, find_near_misses
from tasks.nearmiss.benchmark.reporting import report_of
from tasks.nearmiss.benchmark.words import rival_sentence
from tasks.nearmiss.engines import NAMES
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.render import render_video
from tasks.nearmiss.stride import default_stride
from tasks.nearmiss.weights import export_onnx, find_weights
from tasks.pointers import FilePointer

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

    Ours also finds the near-misses and writes the report; ultralytics detects and tracks in every
    frame at its own input size of 640 and confidence of 0.1. Building the model and a second of
    video before the first round do not count.

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
        _ours(Clip(clips[0].source, short, probe(short)), configuration, detectors, Path(folder))
        speeds: dict[str, list[float]] = {"ours": [], "ultralytics": []}
        for _ in range(repetitions):
            start = time.perf_counter()
            for clip in clips:
                _ours(clip, configuration, detectors, Path(folder))
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


def _ours(clip: Clip, configuration: Configuration, detectors: Detectors, folder: Path) -> None:
    found = find_near_misses(clip, configuration, detectors.get(configuration, clip))
    render_video(
        clip.path,
        [found.tracks],
        found.events,
        folder / "ours.mp4",
        fps=clip.metadata.fps,
        width=clip.metadata.width,
        height=clip.metadata.height,
        stride=configuration.stride,
        preset=DEFAULTS.video_preset,
    )
    report_of(clip, found, folder)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--engine", choices=NAMES, required=True)
    parser.add_argument("--stride", type=int, help="by default the flow's for the first video")
    parser.add_argument("--imgsz", type=int, default=DEFAULTS.imgsz)
    parser.add_argument("--seconds", type=float, default=3600.0, help="of each video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights", type=Path)
    chosen = parser.parse_args()
    if not can_track():
        parser.error("ultralytics' tracker needs the package lap (pip install lap)")
    weights, _ = find_weights(chosen.weights)
    with tempfile.TemporaryDirectory() as folder:
        clips = [
            clip_of(video, chosen.seconds, Path(folder) / str(number))
            for number, video in enumerate(chosen.videos)
        ]
        stride = chosen.stride or default_stride(clips[0].metadata.fps)
        configuration = Configuration(chosen.engine, chosen.imgsz, stride, threads=True)
        detectors = Detectors(FilePointer.to(weights), FilePointer.to(export_onnx(weights)), clips)
        figures = compare_with_ultralytics(clips, configuration, detectors, weights, chosen.rounds)
    print(rival_sentence(figures, configuration.name))


def _spread(values: Sequence[float], digits: int) -> dict[str, float]:
    return {
        "median": round(median(values), digits),
        "lowest": round(min(values), digits),
        "highest": round(max(values), digits),
    }


if __name__ == "__main__":
    main()
