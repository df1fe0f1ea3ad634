"""The deployments in prefect.yaml, with a real server and a real worker."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.exceptions import ParameterTypeError
from prefect.flows import load_flow_from_entrypoint

from tasks.locate import PROJECT_ROOT

PREFECT = str(Path(sys.executable).parent / "prefect")
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
BUSY = {429, 502, 503}


def deployments() -> list[dict]:
    content = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return content["deployments"]


@pytest.mark.parametrize("deployment", deployments(), ids=lambda deployment: deployment["name"])
def test_parameters_fit_the_flow_s_config(deployment):
    flow = load_flow_from_entrypoint(str(PROJECT_ROOT / deployment["entrypoint"]))
    assert set(flow.parameters.properties) == {"config"}
    flow.validate_parameters(deployment["parameters"])


def test_unknown_parameters_are_refused():
    (inbox,) = [deployment for deployment in deployments() if deployment["name"] == "inbox"]
    flow = load_flow_from_entrypoint(str(PROJECT_ROOT / inbox["entrypoint"]))
    with pytest.raises(ParameterTypeError, match="video"):
        flow.validate_parameters({"config": inbox["parameters"]["config"] | {"video": []}})


def test_a_class_keeps_its_name_on_the_way_through_the_flow_s_parameters():
    """`class` is no name that Python lets a field have."""
    (nightly,) = [one for one in deployments() if one["entrypoint"].startswith("flows/assess")]
    flow = load_flow_from_entrypoint(str(PROJECT_ROOT / nightly["entrypoint"]))
    config = flow.validate_parameters(nightly["parameters"])["config"]
    assert config.class_ == Path("data/course/submissions")
    assert config.milestone is None
    assert [schedule["active"] for schedule in nightly["schedules"]] == [False]
    with pytest.raises(ParameterTypeError, match="klass"):
        flow.validate_parameters({"config": {"klass": "submissions"}})


def test_the_server_imports_with_the_pinned_packages():
    """Newer fastapi releases break this import, and with it every flow."""
    import prefect.server.api.server as server

    assert server.create_app() is not None


class Prefect:
    """A Prefect server of its own on a free port, with the deployments, and a worker."""

    def __init__(self, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/api"
        self.log = folder / "prefect.log"
        self.environment = os.environ | {
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_API_URL": self.address,
            "PREFECT_WORKER_QUERY_SECONDS": "2",
        }
        self.environment.pop("PREFECT_SERVER_DATABASE_CONNECTION_URL", None)
        self.processes: list[subprocess.Popen] = []

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start a program that stays, with its words added to the log."""
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tasks.environment", PREFECT, *arguments],
                env=self.environment,
                cwd=PROJECT_ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen:
        return self.start("worker", "start", "--pool", "local-process")

    def end(self) -> None:
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def __call__(self, *arguments: str) -> str:
        """What a command of Prefect's own prints."""
        done = subprocess.run(
            [PREFECT, "--no-prompt", *arguments],
            env=self.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deployment(self, name: str) -> dict:
        return httpx.get(f"{self.address}/deployments/name/{name}", timeout=10).json()

    def run(self, name: str, config: dict) -> str:
        """Ask for a run of a deployment, and give its id."""
        asked = {"parameters": {"config": config}, "state": {"type": "SCHEDULED"}}
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"

        def created() -> httpx.Response | None:
            # Prefect's own client tries again too where the server's database is busy.
            answer = httpx.post(f"{self.address}{path}", json=asked, timeout=60)
            return None if answer.status_code in BUSY else answer

        answer = self.wait_for(created, 60)
        assert answer.is_success, answer.text
        return answer.json()["id"]

    def state(self, run: str) -> str:
        return httpx.get(f"{self.address}/flow_runs/{run}", timeout=10).json()["state_type"]

    def runs(self) -> list[dict]:
        return httpx.post(f"{self.address}/flow_runs/filter", json={}, timeout=10).json()

    def wait_for(self, condition: Callable[[], Any], seconds: float = 240) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.5)
        raise AssertionError(self.log.read_text()[-3000:])

    def ended(self, run: str) -> str:
        """The state in which a run ends."""
        return self.wait_for(lambda: self.state(run) in ENDED and self.state(run))


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    prefect = Prefect(tmp_path_factory.mktemp("prefect"))
    try:
        prefect.start("server", "start")
        prefect.wait_for(prefect.is_up, 120)
        prefect("work-pool", "create", "local-process", "--type", "process")
        prefect("deploy", "--all")
        prefect.start_worker()
        yield prefect
    finally:
        prefect.end()


@pytest.fixture
def long_video(videos, tmp_path):
    """A video whose detection takes long enough to be stopped in the middle."""
    path = tmp_path / "long.mp4"
    path.write_bytes((videos / "suburban_road.mp4").read_bytes())
    return path


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def detecting(folder: Path) -> bool:
    """Whether the detect stage is writing."""
    return any(folder.glob("long/.unfinished-*detections*"))


def is_held(folder: Path) -> bool:
    """Whether a living process writes there."""
    for path in folder.glob(".unfinished-*"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            continue
    return False


@pytest.mark.slow
def test_the_deployments_are_as_prefect_yaml_says_and_their_schedules_create_runs(prefect):
    inbox, grades = prefect.deployment("nearmiss-inbox/inbox"), prefect.deployment("assess/nightly")
    for deployment in (inbox, grades):
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert [schedule["active"] for schedule in deployment["schedules"]] == [False]
    assert grades["parameters"]["config"]["class"] == "data/course/submissions"
    # With SQLAlchemy 2.1 no run would ever appear here.
    prefect.wait_for(lambda: any(run["auto_scheduled"] for run in prefect.runs()), 90)


@pytest.mark.slow
def test_a_worker_runs_what_is_asked_for(prefect, tmp_path, onnx_file):
    run = prefect.run("nearmiss/nightly", {"output_dir": str(tmp_path)})
    assert prefect.ended(run) == "COMPLETED", prefect.log.read_text()[-3000:]
    assert (tmp_path / "made_scene" / "report.html").is_file()


@pytest.mark.slow
def test_a_look_that_is_due_while_one_is_at_work_is_dropped(prefect, tmp_path, long_video):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    long_video.rename(inbox / "long.mp4")
    config = {
        "inbox": str(inbox),
        "output_dir": str(tmp_path / "out"),
        "settle_sec": 0.1,
        "detector": "motion",
    }
    first = prefect.run("nearmiss-inbox/inbox", config)
    prefect.wait_for(lambda: prefect.state(first) == "RUNNING")
    second = prefect.run("nearmiss-inbox/inbox", config)
    assert prefect.ended(second) == "CANCELLED"
    assert prefect.ended(first) == "COMPLETED"
    third = prefect.run("nearmiss-inbox/inbox", config)
    assert prefect.ended(third) == "COMPLETED", "the place is free again"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["cancelled by its user", "worker ended"])
def test_a_run_that_is_stopped_leaves_whole_files_and_is_taken_up(
    prefect, tmp_path, long_video, way
):
    out = tmp_path / "out"
    config = {"video": [str(long_video)], "output_dir": str(out), "detector": "motion"}
    run = prefect.run("nearmiss/nightly", config)
    prefect.wait_for(lambda: detecting(out))
    if way == "cancelled by its user":
        prefect("flow-run", "cancel", run)
        assert prefect.ended(run) == "CANCELLED"
    else:
        worker = prefect.processes[-1]
        worker.send_signal(signal.SIGTERM)
        prefect.wait_for(lambda: worker.poll() is not None, 120)
        prefect.start_worker()
    assert not any(out.glob("long/detections.parquet"))
    prefect.wait_for(lambda: not is_held(out / "long"), 60)

    assert prefect.ended(prefect.run("nearmiss/nightly", config)) == "COMPLETED"
    assert not any((out / "long").glob(".unfinished-*")), "the next run clears up"
    assert (out / "long" / "report.html").is_file()
    config["output_dir"] = str(tmp_path / "undisturbed")
    assert prefect.ended(prefect.run("nearmiss/nightly", config)) == "COMPLETED"
    assert tables(out / "long") == tables(tmp_path / "undisturbed" / "long")
