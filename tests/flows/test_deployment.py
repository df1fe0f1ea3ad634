"""The deployments in prefect.yaml, with a real server and a real worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml
from prefect.exceptions import ParameterTypeError
from prefect.flows import load_flow_from_entrypoint

from tasks.locate import PROJECT_ROOT

PREFECT = str(Path(sys.executable).parent / "prefect")


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


@pytest.fixture
def server(tmp_path):
    """A Prefect server of its own on a free port: its address and the environment to reach it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    environment = os.environ | {
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_API_URL": address,
    }
    environment.pop("PREFECT_SERVER_DATABASE_CONNECTION_URL", None)
    processes = [start(["server", "start"], environment, tmp_path / "server.log")]
    try:
        wait_for(lambda: is_up(address), 120, tmp_path / "server.log")
        yield address, environment, processes
    finally:
        for process in reversed(processes):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def start(arguments, environment, log):
    command = [sys.executable, "-m", "tasks.environment", PREFECT, *arguments]
    return subprocess.Popen(
        command,
        env=environment,
        cwd=PROJECT_ROOT,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def is_up(address):
    try:
        return httpx.get(f"{address}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(condition, seconds, log):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(1)
    raise AssertionError(log.read_text()[-3000:])


@pytest.mark.slow
def test_a_schedule_creates_runs_and_a_worker_runs_one(server, tmp_path, onnx_file):
    address, environment, processes = server

    def prefect(*arguments):
        done = subprocess.run(
            [PREFECT, "--no-prompt", *arguments],
            env=environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def runs():
        return httpx.post(f"{address}/flow_runs/filter", json={}, timeout=10).json()

    prefect("work-pool", "create", "local-process", "--type", "process")
    prefect("deploy", "--all")
    inbox = httpx.get(f"{address}/deployments/name/nearmiss-inbox/inbox", timeout=10).json()
    assert inbox["global_concurrency_limit"]["limit"] == 1
    assert inbox["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert [schedule["active"] for schedule in inbox["schedules"]] == [False]
    nightly = httpx.get(f"{address}/deployments/name/assess/nightly", timeout=10).json()
    assert nightly["parameters"]["config"]["class"] == "data/course/submissions"
    assert [schedule["active"] for schedule in nightly["schedules"]] == [False]
    # With SQLAlchemy 2.1 no run would ever appear here.
    wait_for(lambda: any(run["auto_scheduled"] for run in runs()), 90, tmp_path / "server.log")

    log = tmp_path / "worker.log"
    processes.append(start(["worker", "start", "--pool", "local-process"], environment, log))
    config = f'config={{"output_dir": "{tmp_path / "out"}"}}'
    prefect("deployment", "run", "nearmiss/nightly", "--param", config)

    def ended():
        mine = [run for run in runs() if not run["auto_scheduled"]]
        return [run for run in mine if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]

    (run,) = wait_for(ended, 240, log)
    assert run["state_type"] == "COMPLETED", log.read_text()[-3000:]
    assert (tmp_path / "out" / "made_scene" / "report.html").is_file()
