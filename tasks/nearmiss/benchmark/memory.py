"""Peak memory of detection, tracking and rendering, each in a process of its own.

python -m tasks.nearmiss.benchmark.memory CLIP MODEL ENGINE IMGSZ STRIDE               # this clip
python -m tasks.nearmiss.benchmark.memory CLIP MODEL ENGINE IMGSZ STRIDE --minutes 60  # looped
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tasks.errors import StageFailed
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.benchmark.clips import Clip, looped
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import find_near_misses
from tasks.nearmiss.detectors import make_detector
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.render import render_video

SHORT_MINUTES = 1.0
MODULE = "tasks.nearmiss.benchmark.memory"


def memory_growth(
    clip: Clip, configuration: Configuration, model: Path, minutes: float
) -> dict[str, Any]:
    """Peak resident memory on a looped clip of one minute and of `minutes`.

    Returns:
        rows of minutes, frames and peak_mb (of 2^20 bytes), and growth_percent.

    Raises:
        StageFailed: the process that is measured failed.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for length in (SHORT_MINUTES, minutes):
            video = looped(clip.path, 60 * length, Path(folder))
            rows.append({"minutes": length, **_peak(video, model, configuration)})
            video.unlink()
    short, long = (row["peak_mb"] for row in rows)
    return {"rows": rows, "growth_percent": round(100 * (long - short) / short, 1)}


def _peak(video: Path, model: Path, configuration: Configuration) -> dict[str, Any]:
    words = [video, model, configuration.engine, configuration.imgsz, configuration.stride]
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise StageFailed(f"The memory of a process could not be measured: {last[0]}.")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _main(video: Path, model: Path, engine: str, imgsz: int, stride: int) -> None:
    clip = Clip(video.name, video, probe(video))
    configuration = Configuration(engine, imgsz, stride, threads=True)
    detector = make_detector("yolo", model, imgsz, engine=engine)
    found = find_near_misses(clip, configuration, detector)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        frames = render_video(
            video,
            found.tracks,
            found.events,
            Path(folder) / "video.mp4",
            fps=clip.metadata.fps,
            width=clip.metadata.width,
            height=clip.metadata.height,
            stride=stride,
        )
    print(json.dumps({"frames": frames, "peak_mb": round(peak_memory_mb(), 1)}))


def peak_memory_mb() -> float:
    """Most resident memory of this process so far, in 2^20 bytes.

    Not `getrusage`, whose figure a process takes over from the one that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024


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
