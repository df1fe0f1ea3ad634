"""Ctrl-C ends a command soon, with one sentence, and leaves no process behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tasks.interruption import EXIT_INTERRUPTED, GRACE_SECONDS, SENTENCE
from tasks.locate import PROJECT_ROOT

PATIENT = """
import sys, time
from tasks.interruption import Interruption
with Interruption() as interruption:
    try:
        print("ready", flush=True)
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        print("unwound", flush=True)
        {after}
"""
STUBBORN = "\n        ".join(["while True:", "    time.sleep(0.05)"])

# What a flow does to the terminal's signals and to Prefect's own server.
FLOW = """
import sys, time
import tasks.environment
from prefect import flow, task
from tasks.command_line import main
from tasks.config import FlowConfig

@task
def work():
    print("ready", flush=True)
    while True:
        time.sleep(0.05)

@flow(name="endless")
def endless(config: FlowConfig):
    work()

sys.exit(main(endless, FlowConfig, check=lambda config: None))
"""


def start(code, *, folder, **environment):
    """Run the code in a session of its own, which is the terminal that signals go to."""
    script = folder / "script.py"
    script.write_text(code)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)} | environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if line == "ready\n":
            return process
    raise AssertionError(process.stderr.read())


def ended(process, since):
    """Exit code, what was said on stderr, and seconds to the end."""
    process.wait(timeout=30)
    seconds = time.monotonic() - since
    _, said = process.communicate(timeout=30)
    return process.returncode, said, seconds


def is_anyone_left(session):
    """Whether a living process of the session remains."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-s", str(session)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return any(not state.startswith("Z") for state in listed.stdout.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_and_ends(tmp_path, number):
    process = start(PATIENT.format(after="pass"), folder=tmp_path)
    began = time.monotonic()
    process.send_signal(number)
    code, said, seconds = ended(process, began)
    assert (code, said) == (EXIT_INTERRUPTED, SENTENCE + "\n")
    assert seconds < GRACE_SECONDS


def test_what_does_not_end_is_cut_off_after_the_grace(tmp_path):
    process = start(PATIENT.format(after=STUBBORN), folder=tmp_path)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, said, seconds = ended(process, began)
    assert (code, said) == (EXIT_INTERRUPTED, SENTENCE + "\n")
    assert GRACE_SECONDS - 0.1 < seconds < GRACE_SECONDS + 1.5


def test_a_second_ctrl_c_ends_at_once(tmp_path):
    process = start(PATIENT.format(after=STUBBORN), folder=tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "unwound\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, said, seconds = ended(process, began)
    assert (code, said) == (EXIT_INTERRUPTED, SENTENCE + "\n")
    assert seconds < GRACE_SECONDS / 2


def test_a_signal_that_the_caller_switched_off_stays_off(tmp_path):
    code = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    process = start(code + PATIENT.format(after="pass"), folder=tmp_path)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert ended(process, 0)[:2] == (EXIT_INTERRUPTED, SENTENCE + "\n")


def test_without_a_signal_everything_is_as_before():
    from tasks.interruption import Interruption

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Interruption() as interruption:
        assert not interruption.is_under_way
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert not interruption.is_under_way
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_run_at_a_server_ends_with_one_sentence_and_its_state_there(
    tmp_path, prefect_server, number
):
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    process = start(FLOW, folder=tmp_path, PREFECT_API_URL=PREFECT_API_URL.value())
    began = time.monotonic()
    process.send_signal(number)
    code, said, seconds = ended(process, began)
    assert code == EXIT_INTERRUPTED, said
    assert said.splitlines()[-1] == SENTENCE
    assert "Traceback" not in said
    assert "Crash" not in said
    assert seconds < GRACE_SECONDS + 1
    if seconds < GRACE_SECONDS:  # else a busy server was not waited for
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs()
        assert [run.state_type for run in runs if run.name in said] == ["CRASHED"]


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_ends_the_flow_and_its_own_server(tmp_path):
    """The signal goes to the whole group, and Prefect's own server is one of it."""
    home = tmp_path / "home"
    process = start(FLOW, folder=tmp_path, PREFECT_HOME=str(home), PREFECT_API_URL="")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    code, said, seconds = ended(process, began)
    assert code == EXIT_INTERRUPTED, said
    assert said.splitlines()[-1] == SENTENCE
    assert "Traceback" not in said
    assert "Crash" not in said
    assert seconds < GRACE_SECONDS + 1
    assert not is_anyone_left(process.pid)
    if seconds < GRACE_SECONDS:  # else a busy disk was not waited for
        with sqlite3.connect(home / "prefect.db") as history:
            states = history.execute("select state_type from flow_run").fetchall()
        assert states == [("CRASHED",)]


@pytest.mark.slow
def test_ctrl_c_while_the_own_server_starts_leaves_none(tmp_path):
    environment = {"PREFECT_HOME": str(tmp_path / "home"), "PREFECT_API_URL": ""}
    code = FLOW.replace("sys.exit(main", "print('ready', flush=True)\nsys.exit(main")
    process = start(code, folder=tmp_path, **environment)
    for line in process.stderr:
        if "Starting temporary server" in line:
            break
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    code, said, seconds = ended(process, began)
    assert code == EXIT_INTERRUPTED, said
    assert said.splitlines()[-1] == SENTENCE
    assert seconds < GRACE_SECONDS + 1
    assert not is_anyone_left(process.pid)
