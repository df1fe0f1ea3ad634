"""Peak memory of the near-miss flow's stages over a video, in a process of its own.

python -m tasks.nearmiss.benchmark.memory CLIP MODEL ENGINE IMGSZ STRIDE               # this clip
python -m tasks.nearmiss.benchmark.memory CLIP MODEL ENGINE IMGSZ STRIDE --minutes 60  # looped
"""

import tasks.environment  # noqa: F401  isort: skip — Arrow reads its settings when imported

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.errors import StageFailed
from tasks.locate import PROJECT_ROOT
from tasks.memory import give_back_memory
from tasks.nearmiss import plots, scoring, tracking
from tasks.nearmiss.benchmark.clips import Clip, looped
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import DEFAULTS, tracked
from tasks.nearmiss.benchmark.reporting import write_report
from tasks.nearmiss.camera import drift
from tasks.nearmiss.detection import detect_video
from tasks.nearmiss.detectors import make_detector
from tasks.nearmiss.frames import sample_frames
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.interactions import meetings
from tasks.nearmiss.render import BoxesInBetween, render_video

SHORT_MINUTES = 1.0
MODULE = "tasks.nearmiss.benchmark.memory"


def memory_growth(
    clip: Clip, configuration: Configuration, model: Path, minutes: float
) -> dict[str, Any]:
    """Peak resident memory on a looped clip of one minute and of `minutes`.

    Returns:
        rows of minutes, frames, peak_mb (of 2^20 bytes) and peak_mb of each stage, and
        growth_percent.

    Raises:
        StageFailed: the process that is measured failed.
    """
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for length in (SHORT_MINUTES, minutes):
            video = looped(clip.path, 60 * length, Path(folder))
            rows.append({"minutes": length, **_peak(video, model, configuration)})
            video.unlink()
    short, long = (row["peak_mb"] for row in rows)
    return {"rows": rows, "growth_percent": round(100 * (long - short) / short, 1)}


def _peak(video: Path, model: Path, configuration: Configuration) -> dict[str, Any]:
    words = [video, model, configuration.engine, configuration.imgsz, configuration.stride]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT_ROOT,
        )
        try:
            lines = [_shown(line) for line in process.stdout]
            code = process.wait()
        finally:
            process.kill()  # does nothing to one that has ended
            process.wait()
        if code:
            errors.seek(0)
            last = errors.read().strip().splitlines()[-1:] or [f"exit code {code}"]
            raise StageFailed(f"The memory of a process could not be measured: {last[0]}.")
    return json.loads(lines[-1])


def _shown(line: str) -> str:
    """A line of the process that is measured, passed on: its stages take minutes."""
    if not line.startswith("{"):
        print(line, end="", file=sys.stderr, flush=True)
    return line


def _main(video: Path, model: Path, engine: str, imgsz: int, stride: int) -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        frames, stages = memory_of_stages(video, model, engine, imgsz, stride, Path(folder))
    peak = max(stages.values())
    print(json.dumps({"frames": frames, "peak_mb": peak, "stages": stages}))


def memory_of_stages(
    video: Path, model: Path, engine: str, imgsz: int, stride: int, folder: Path
) -> tuple[int, dict[str, float]]:
    """A video through the stages of the near-miss flow, which hand on files and nothing else.

    Returns:
        The frames, and the most resident memory of this process during each stage in 2^20 bytes
        (where the system cannot forget a peak, up to its end).
    """
    clip = Clip(video.name, video, probe(video))
    passing = _Stages(clip, stride, folder)
    steps: dict[str, Callable[[], None]] = {
        "detect": partial(passing.detect, model, engine, imgsz),
        "track": passing.track,
        "score": passing.score,
        "interactions": passing.interactions,
        "render": passing.render,
        "report": passing.report,
    }
    peaks = {}
    for name, step in steps.items():
        step()
        give_back_memory()  # as a stage does
        peaks[name] = round(peak_memory_mb(), 1)
        forget_peak()
        print(f"{clip.metadata.duration_sec / 60:.0f} min, {name}: {peaks[name]} MB", flush=True)
    return passing.summary["frames"], peaks


class _Stages:
    """What the near-miss flow's stages do, with its default settings."""

    def __init__(self, clip: Clip, stride: int, folder: Path) -> None:
        self._clip, self._stride, self._folder = clip, stride, folder
        self._size = clip.metadata.width, clip.metadata.height
        self.summary: dict[str, Any] = {}
        self._figures: dict[str, Any] = {}
        self._scale, self._rejected = "", 0

    def detect(self, model: Path, engine: str, imgsz: int) -> None:
        found = detect_video(
            self._clip.path,
            make_detector("yolo", model, imgsz, engine=engine),
            stride=self._stride,
            conf_threshold=DEFAULTS.conf_threshold,
            fps=self._clip.metadata.fps,
            frames_expected=self._clip.metadata.frames,
            detections_file=self._folder / "detections.parquet",
            frames_file=self._folder / "frames.parquet",
        )
        self.summary = found.figures()
        tracking.write_parquet(self._folder / "camera.parquet", found.camera.transforms())

    def track(self) -> None:
        sights, tracks = tracked(
            self._clip, self._read("frames"), self._read("detections"), self._stride
        )
        tracking.write_parquet(self._folder / "sights.parquet", sights)
        tracking.write_parquet(self._folder / "tracks.parquet", tracks)
        tracking.write_motchallenge(self._folder / "tracks_mot.txt", tracks)
        self._figures = tracking.track_figures(sights)
        plots.trajectories(self._folder / "trajectories.png", tracks, self._picture())

    def score(self) -> None:
        detector = scoring.NearMissDetector(**DEFAULTS.criteria())
        events = scoring.score_tracks(self._read("frames"), self._steady("tracks"), detector)
        events.to_csv(self._folder / "events.csv", index=False)

    def interactions(self) -> None:
        sights = self._steady("sights")
        scale = meetings.scale_for(sights, self._size, None)
        trajectories = meetings.trajectories_of_boxes(sights, scale)
        kept, rejected = meetings.find_interactions(trajectories, **DEFAULTS.definition())
        kept.to_csv(self._folder / "interactions.csv", index=False)
        self._scale, self._rejected = scale.description, len(rejected)

    def render(self) -> None:
        render_video(
            self._clip.path,
            self._pieces(BoxesInBetween.COLUMNS),
            pd.read_csv(self._folder / "events.csv"),
            self._folder / "video.mp4",
            fps=self._clip.metadata.fps,
            width=self._size[0],
            height=self._size[1],
            stride=self._stride,
            preset=DEFAULTS.video_preset,
        )

    def report(self) -> None:
        write_report(
            self._clip,
            events=pd.read_csv(self._folder / "events.csv"),
            interactions=pd.read_csv(self._folder / "interactions.csv"),
            tracks=self._pieces(plots.PLACE),
            track_figures=self._figures,
            detect=self.summary,
            scale=self._scale,
            rejected=self._rejected,
            folder=self._folder,
        )

    def _read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self._folder / f"{name}.parquet")

    def _pieces(self, columns: list[str]) -> Iterator[pd.DataFrame]:
        return tracking.read_pieces(self._folder / "tracks.parquet", columns)

    def _steady(self, name: str) -> pd.DataFrame:
        table = self._read(name)
        if self.summary["camera"]["kind"] != drift.DRIFTING:
            return table
        return drift.compensate(table, self._read("camera"))

    def _picture(self) -> np.ndarray:
        return sample_frames(self._clip.path, 1)[0]


def peak_memory_mb() -> float:
    """Most resident memory of this process since `forget_peak`, in 2^20 bytes.

    Not `getrusage`, whose figure a process takes over from the one that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


def forget_peak() -> None:
    """Let the peak of this process begin anew at what it holds now, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("model", type=Path, help="what the engine reads")
    parser.add_argument("engine")
    parser.add_argument("imgsz", type=int)
    parser.add_argument("stride", type=int)
    parser.add_argument("--minutes", type=float, help="of the looped clip beside one minute of it")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.minutes:
        clip = Clip(given.clip.name, given.clip, probe(given.clip))
        configuration = Configuration(given.engine, given.imgsz, given.stride, threads=True)
        print(json.dumps(memory_growth(clip, configuration, given.model, given.minutes)))
    else:
        _main(given.clip, given.model, given.engine, given.imgsz, given.stride)
