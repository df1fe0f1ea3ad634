"""A killed run leaves whole files, and the next one goes on from what was finished."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows.nearmiss import nearmiss
from tasks.files import UNFINISHED
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.encode import VideoWriter
from tasks.runs import OWNER_FILE

KILLS = 10
TABLES = ("detections.parquet", "tracks.parquet", "events.csv", "interactions.csv", "rejected.csv")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twelve seconds in which a block crosses the way of another, twice."""
    path = tmp_path_factory.mktemp("clip") / "crossing.mp4"
    with VideoWriter(path, 20, 320, 240) as writer:
        for index in range(240):
            picture = np.full((240, 320, 3), 120, np.uint8)
            if index >= 20:
                x = 3 * (index - 20) % 280
                picture[100:130, x : x + 40] = 230
                picture[104:134, 280 - x : 320 - x] = 20
            writer.write(picture, index / 20)
    return path


def settings(clip: Path, folder: Path) -> dict:
    return {"video": [str(clip)], "output_dir": folder, "detector": "motion", "stride": 1}


@pytest.fixture(scope="module")
def undisturbed(clip, tmp_path_factory, prefect_server):
    """The results of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert nearmiss(NearMissConfig(**settings(clip, folder)), return_state=True).is_completed()
    return folder / "crossing"


def start(clip: Path, folder: Path) -> subprocess.Popen:
    from prefect.settings import PREFECT_API_URL

    words = ["--video", clip, "--output-dir", folder, "--detector", "motion", "--stride", "1"]
    return subprocess.Popen(
        [sys.executable, PROJECT_ROOT / "flows" / "nearmiss.py", *words],
        env=os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()},
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_when(process: subprocess.Popen, condition) -> None:
    """Kill the process once the condition holds."""
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -9


def whole_files(folder: Path) -> set[str]:
    """Names of the finished files below a folder, each of which has to open."""
    names = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith(UNFINISHED):
            open_whole(path)
            names.add(path.name)
    return names


def open_whole(path: Path) -> None:
    """Read all of a file; raises where it is cut off."""
    if path.suffix == ".parquet":
        pd.read_parquet(path)
    elif path.suffix == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".mp4":
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) == container.streams.video[0].frames
    elif path.suffix in (".png", ".jpg"):
        with Image.open(path) as picture:
            picture.load()
    elif path.suffix == ".csv":
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n")
        assert len({len(row) for row in csv.reader(text.splitlines())}) == 1
    else:
        assert path.suffix in (".html", ".md", ".txt") or path.name == OWNER_FILE, path
        assert path.read_text(encoding="utf-8")
        assert path.suffix != ".html" or path.read_text().rstrip().endswith("</html>")


def complete(clip: Path, folder: Path, undisturbed: Path) -> dict[str, bool]:
    """Run to the end in this process; which stages came from the cache."""
    finished = {path.name.rpartition("-")[0] for path in (folder / ".cache").glob("*")}
    state = nearmiss(NearMissConfig(**settings(clip, folder)), return_state=True)
    assert state.is_completed(), state.message
    results = folder / "crossing"
    for name in TABLES:
        assert (results / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert whole_files(results) == whole_files(undisturbed)
    assert not list(folder.rglob(f"{UNFINISHED}*"))
    timings = json.loads((results / "record.json").read_text())["timings"]
    cached = {name: timing["cached"] for name, timing in timings.items()}
    stages = {name for name in cached if not name.startswith("gate ")}
    # A pointer that the kill cut off does not count; at most the last one can be.
    redone = {name for name in finished & stages if not cached[name]}
    assert len(redone) <= 1, redone
    return cached


@pytest.mark.slow
def test_a_run_killed_while_it_writes_the_video_goes_on(clip, tmp_path, undisturbed):
    results = tmp_path / "crossing"
    writes_video = f"{UNFINISHED}annotated_video-*.mp4"
    killed_when(start(clip, tmp_path), lambda: any(results.glob(writes_video)))
    assert "annotated_video.mp4" not in whole_files(results)
    assert any(results.glob(writes_video))
    cached = complete(clip, tmp_path, undisturbed)
    assert cached["detect"]
    assert cached["track"]
    assert cached["score"]
    assert not cached["render"]


@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on(clip, tmp_path, undisturbed):
    """KILLS moments, drawn from equal parts of a run's duration."""
    whole = tmp_path / "timed"
    process, began = start(clip, whole), None
    while process.poll() is None:
        if began is None and whole.exists():
            began = time.monotonic()
        time.sleep(0.005)
    duration = time.monotonic() - began
    moments = random.Random(11)  # noqa: S311 — moments, not secrets
    left = []
    for number in range(KILLS):
        folder = tmp_path / str(number)
        moment = duration * (number + moments.random()) / KILLS
        process = start(clip, folder)
        while not folder.exists():
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(moment)
        process.kill()  # nothing happens where this run was faster than the timed one
        process.wait()
        files = whole_files(folder / "crossing")
        left.append((round(moment, 2), len(files), process.returncode))
        complete(clip, folder, undisturbed)
    print(f"moment in s, finished files, exit code of each killed run: {left}")
    assert sum(code == -9 for *_, code in left) >= KILLS - 2, left
    assert len({files for _, files, _ in left}) >= 4, left
