"""Several videos on a cluster: the same results as on threads; a killed worker costs none."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pandas as pd
import pytest
from nearmiss_clip import make_clip

from flows.nearmiss import nearmiss
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.config import NearMissConfig

TABLES = ("events.csv", "interactions.csv", "rejected.csv")


@pytest.fixture
def dask_cluster(tmp_path, prefect_server):
    """A scheduler and two workers as processes of their own: address, and the workers."""
    from prefect.settings import PREFECT_API_URL

    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    environment = os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()}
    quiet = ["--no-dashboard"]
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), *quiet]]
    worker = ["worker", address, "--nthreads", "1", "--no-nanny", *quiet]
    commands += [[*worker, "--local-directory", str(tmp_path / name)] for name in ("one", "two")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=(tmp_path / f"{number}.log").open("w"),
            stderr=subprocess.STDOUT,
        )
        for number, (kind, *arguments) in enumerate(commands)
    ]
    try:
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait(30)


@pytest.fixture
def ray_cluster(tmp_path, prefect_server):
    """The address of a head node with two cores, in a process group of its own."""
    pytest.importorskip("prefect_ray", reason="pip install prefect-ray")
    from prefect.settings import PREFECT_API_URL

    port = free_port()
    words = ["start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"]
    more = ["--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *words, *more],
        env=os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()},
        cwd=PROJECT_ROOT,
        stdout=(tmp_path / "ray.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            head.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)
        head.wait(30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(clips, folder):
    config = NearMissConfig(
        video=[str(clip) for clip in clips], output_dir=folder, detector="motion", stride=1
    )
    return nearmiss(config, return_state=True)


def tables(folder, clip):
    return {name: pd.read_csv(folder / clip.stem / name) for name in TABLES}


@pytest.mark.slow
def test_a_killed_dask_worker_costs_time_and_no_results(dask_cluster, tmp_path, monkeypatch):
    clips = [make_clip(tmp_path / f"site_{n}.mp4", frames=60 + 4 * n) for n in range(4)]
    assert run(clips, tmp_path / "threads").is_completed()

    address, workers = dask_cluster
    monkeypatch.setenv("TASK_RUNNER", "dask")
    monkeypatch.setenv("DASK_ADDRESS", address)
    folder = tmp_path / "dask"
    with Killer(workers[0], when=lambda: any(folder.glob("*/detections.parquet"))) as killer:
        state = run(clips, folder)
    assert killer.killed, "the cluster was done before the worker was killed"
    assert state.is_completed(), state.message
    assert_same_results(clips, folder, tmp_path / "threads")


@pytest.mark.slow
def test_ray_gives_the_results_of_threads(ray_cluster, tmp_path, monkeypatch):
    clips = [make_clip(tmp_path / f"site_{n}.mp4", frames=60 + 4 * n) for n in range(3)]
    assert run(clips, tmp_path / "threads").is_completed()

    monkeypatch.setenv("TASK_RUNNER", "ray")
    monkeypatch.setenv("RAY_ADDRESS", ray_cluster)
    state = run(clips, tmp_path / "ray")
    assert state.is_completed(), state.message
    assert_same_results(clips, tmp_path / "ray", tmp_path / "threads")


def assert_same_results(clips, folder, reference):
    for clip in clips:
        expected, found = tables(reference, clip), tables(folder, clip)
        for name in TABLES:
            pd.testing.assert_frame_equal(found[name], expected[name])
    (batch,) = folder.glob("batch-*")
    assert (pd.read_csv(batch / "videos.csv")["state"] == "completed").all()


class Killer:
    """Kills a process as soon as something has happened."""

    def __init__(self, process, when):
        self._process, self._when = process, when
        self.killed = False

    def __enter__(self):
        import threading

        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._stop.is_set() and not self._when():
            time.sleep(0.05)
        if not self._stop.is_set():
            os.kill(self._process.pid, signal.SIGKILL)
            self.killed = True

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()
