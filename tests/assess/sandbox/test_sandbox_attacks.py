"""The sandbox is attacked from inside; each attack ends in its own status, and the rest goes on."""

import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tasks.assess.jobs import Job, JobResult
from tasks.assess.sandbox import bubblewrap
from tasks.assess.sandbox.limits import Limits
from tasks.assess.sandbox.session import WALL_PER_CPU, Sandbox
from tasks.errors import BadInput, StageFailed

HERE = Path(__file__).parent
ASKING, HOSTILE = HERE / "asking", HERE / "hostile"
LIMITS = Limits(
    wall_seconds=20,
    cpu_seconds=1,
    memory_mb=250,
    processes=16,
    file_mb=8,
    scratch_mb=16,
    answer_mb=1,
    printed_mb=1,
)
SOUND = Job("double", arrays={"x": np.array([1.0, 2.0, 3.0])})
Ask = Callable[..., JobResult]
ENDS = {
    "print_for_ever": "output too large",
    "large_answer": "output too large",
    "forge_length": "output too large",
    "flood_descriptors": "malformed",
    "forge_for_another": "malformed",
    "objects": "malformed",
    "a_function": "malformed",
    "patch_numpy": "malformed",
    "leave": "no result",
    "close_descriptors": "no result",
    "exit_politely": "raised",
    "unspeakable": "raised",
    "kill_all": "raised",  # it finds nobody but itself
    "fill_the_folder": "raised",
    "ten_gigabytes": "raised",
    "kill_itself": "killed",
    "crash": "killed",
}

needs_bubblewrap = pytest.mark.skipif(
    bool(bubblewrap.missing()), reason=f"no sandbox here: {bubblewrap.missing()}"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(HOSTILE, LIMITS, operations=ASKING) as opened:
        yield opened


@pytest.fixture(scope="module")
def unsafe() -> Iterator[Sandbox]:
    with Sandbox(HOSTILE, LIMITS, operations=ASKING, unsafe_local=True) as opened:
        yield opened


@pytest.fixture
def ask(sandbox: Sandbox) -> Ask:
    """Runs one attack in a process of its own."""

    def asked(function: str, seconds: float | None = None, **params: object) -> JobResult:
        return sandbox.run([Job("call", {"function": function, **params})], seconds)[0]

    return asked


@pytest.fixture(scope="module")
def ended(sandbox: Sandbox) -> dict[str, JobResult]:
    """What became of the attacks of `ENDS`, one after the other, and of an honest job at last."""
    jobs = [Job("call", {"function": function, "mb": 2}) for function in ENDS]
    results = sandbox.run([*jobs, SOUND])
    return dict(zip([*ENDS, "honest"], results, strict=True))


def assert_sound(result: JobResult) -> None:
    assert result.status == "done", result
    np.testing.assert_array_equal(result.arrays["doubled"], [2.0, 4.0, 6.0])
    assert result.values == {"sum": 6.0}


@pytest.fixture(scope="module")
def answer_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that the user who grades can read."""
    path = tmp_path_factory.mktemp("course") / "answer_key.txt"
    path.write_text("seven")
    return path


@pytest.fixture(scope="module")
def listener() -> Iterator[int]:
    """The port of a server on this machine that greets."""

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"hello")

    with socketserver.TCPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@needs_bubblewrap
def test_values_and_arrays_come_back(ask: Ask) -> None:
    got = ask("unusual_values")
    assert got.status == "done"
    assert np.isnan(got.values["nan"])
    assert got.values["scalar"] == 1.5
    assert got.values["text"] == "?[2Jend"
    assert got.arrays["big_endian"].tolist() == [0, 1, 2]
    assert got.arrays["wide"].dtype == np.float64
    assert got.arrays["nothing"].shape == (0, 3)
    assert got.seconds > 0
    assert got.peak_memory_mb > 1


@needs_bubblewrap
def test_nothing_more_is_asked_where_all_answers_are_needed(sandbox: Sandbox) -> None:
    jobs = [SOUND, Job("call", {"function": "leave"}), SOUND, SOUND]
    first, left, *others = sandbox.run(jobs, all_or_none=True)
    assert_sound(first)
    assert left.status == "no result"
    assert {(one.status, one.error) for one in others} == {
        ("no result", "not asked, since another got no answer")
    }


@needs_bubblewrap
def test_network_is_out_of_reach(ask: Ask, unsafe: Sandbox, listener: int) -> None:
    to = {"host": "127.0.0.1", "port": listener}
    got = ask("connect", **to)
    assert got.status == "raised"
    assert "Error" in got.error
    outside = unsafe.run([Job("call", {"function": "connect", **to})])[0]
    assert outside.values == {"received": "hello"}  # the attack works where nothing stops it


@needs_bubblewrap
def test_answer_key_and_other_students_are_out_of_reach(
    ask: Ask, unsafe: Sandbox, answer_key: Path
) -> None:
    got = ask("read", path=str(answer_key))
    assert (got.status, got.error[:17]) == ("raised", "FileNotFoundError")
    outside = unsafe.run([Job("call", {"function": "read", "path": str(answer_key)})])[0]
    assert outside.values == {"content": "seven"}


@needs_bubblewrap
def test_nothing_of_the_machine_is_to_be_seen(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANVAS_TOKEN", "secret")
    got = ask("look_around")
    expected = ("/student/submission/", "/grader/", "/dev/", "/tmp/work/")  # noqa: S108
    assert "/student/submission/attack.py" in got.values["found"]
    assert [path for path in got.values["found"] if not path.startswith(expected)] == []
    assert "CANVAS_TOKEN" not in got.values["variables"]
    assert got.values["user"] == 65534
    assert got.values["descriptors"] == 5  # three of every process, and two pipes


@needs_bubblewrap
def test_working_folder_shows_the_submission_and_takes_files(ask: Ask) -> None:
    got = ask("read_working_folder")
    assert got.values["written"] == "kept"
    assert "tries everything" in got.values["found"]


@needs_bubblewrap
def test_nothing_outside_is_written(ask: Ask, sandbox: Sandbox, answer_key: Path) -> None:
    ours = ask("grader_files").values["paths"]
    assert len(ours) == 5
    submission = "/student/submission/attack.py"
    paths = [*ours, submission, "/student/new", "/grader/new", "/new", "/dev/new", str(answer_key)]
    assert ask("write_outside", paths=paths).values == {"written": []}
    assert answer_key.read_text() == "seven"
    assert (sandbox.copy / "attack.py").read_bytes() == (HOSTILE / "attack.py").read_bytes()


@needs_bubblewrap
def test_no_privilege_is_gained(ask: Ask) -> None:
    assert set(ask("gain_privileges").values.values()) == {-1}


@needs_bubblewrap
def test_fork_bomb_is_held_and_ended(ask: Ask, sandbox: Sandbox) -> None:
    got = ask("fork_until_refused")
    if "processes" not in sandbox.group.kept and got.status == "timeout":
        pytest.skip("no control group for processes here, and prlimit does not bind root")
    assert got.status == "done"
    assert 0 < got.values["count"] < LIMITS.processes
    assert ask("fork_bomb", seconds=0.5).status == "timeout"


@needs_bubblewrap
def test_nothing_stays_running(ask: Ask, tmp_path: Path) -> None:
    mark = f"left-behind-{tmp_path.name}"
    assert ask("leave_something_running", mark=mark).status in ("done", "raised")
    lines = [path.read_bytes() for path in _command_lines()]
    assert [line for line in lines if mark.encode() in line] == []


def _command_lines() -> Iterator[Path]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if path.exists():
            yield path


@needs_bubblewrap
def test_memory_bombs_end_as_memory(ask: Ask, sandbox: Sandbox) -> None:
    assert ask("memory_bomb").status == "memory"
    if "memory" not in sandbox.group.kept:
        pytest.skip("no control group for memory here: each process has the limit for itself")
    assert ask("memory_bomb_of_many", seconds=1, mb=60).status == "memory"


@needs_bubblewrap
@pytest.mark.parametrize(
    ("function", "said"),
    [("fill_the_folder", "No space left"), ("ten_gigabytes", "File too large")],
)
def test_files_have_a_size(ended: dict[str, JobResult], function: str, said: str) -> None:
    assert said in ended[function].error


@needs_bubblewrap
def test_loops_end_by_cpu_time(ask: Ask) -> None:
    got = ask("loop_for_ever")
    assert got.status == "timeout"
    assert "CPU" in got.error
    assert got.seconds < LIMITS.wall_seconds


@needs_bubblewrap
@pytest.mark.parametrize("function", ["sleep", "loop_unimpressed"])
def test_waiting_ends_by_the_clock(ask: Ask, function: str) -> None:
    got = ask(function, seconds=0.2)
    assert got.status == "timeout"
    assert f"{0.2 * WALL_PER_CPU:.3g} s" in got.error


@needs_bubblewrap
@pytest.mark.parametrize(("function", "status"), ENDS.items())
def test_each_attack_has_its_own_end(
    ended: dict[str, JobResult], function: str, status: str
) -> None:
    got = ended[function]
    assert got.status == status, got
    assert got.error
    assert got.arrays == {}


@needs_bubblewrap
def test_after_all_attacks_an_honest_job_is_answered(ended: dict[str, JobResult]) -> None:
    assert_sound(ended["honest"])


@needs_bubblewrap
def test_printed_results_are_only_printed(ask: Ask) -> None:
    got = ask("print_fake_result")
    assert got.values == {"score": 0}
    assert '"score": 100' in got.stdout_tail


@needs_bubblewrap
def test_nothing_is_unpickled(ask: Ask, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    got = ask("forge_pickle", path=str(touched))
    assert got.status == "malformed"
    assert not touched.exists()


@needs_bubblewrap
def test_error_is_one_bounded_line(ask: Ask) -> None:
    got = ask("long_winded")
    assert got.error.startswith("ValueError: two lines xxx")
    assert len(got.error) <= 500


@needs_bubblewrap
def test_tampering_does_not_outlive_the_run(sandbox: Sandbox) -> None:
    tampered = sandbox.run([Job("call", {"function": "patch_operations"}), SOUND])
    assert tampered[1].values == {"sum": 100}  # within its own process it may do as it likes
    assert_sound(sandbox.run([SOUND])[0])
    assert_sound(sandbox.run([Job("call", {"function": "patch_numpy"}), SOUND])[1])
    assert not np.allclose([0.0], [1.0])


@needs_bubblewrap
def test_crash_in_the_middle_keeps_the_others(sandbox: Sandbox) -> None:
    crash = Job("call", {"function": "leave"})
    results = sandbox.run([SOUND, SOUND, crash, SOUND, crash, SOUND])
    statuses = ["done", "done", "no result", "done", "no result", "done"]
    assert [one.status for one in results] == statuses
    for index in (0, 1, 3, 5):
        assert_sound(results[index])


@needs_bubblewrap
def test_students_are_graded_side_by_side() -> None:
    def graded(student: float) -> JobResult:
        with Sandbox(HOSTILE, LIMITS, operations=ASKING) as sandbox:
            crash = Job("call", {"function": "leave"})
            return sandbox.run([crash, Job("double", arrays={"x": np.full(3, student)})])[1]

    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(graded, range(4)))
    assert [one.values["sum"] for one in results] == [0.0, 3.0, 6.0, 9.0]
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


@needs_bubblewrap
def test_all_jobs_of_a_run_have_one_time() -> None:
    limits = Limits(wall_seconds=0.3, run_seconds=0.5)
    sleep = Job("call", {"function": "sleep"})
    with Sandbox(HOSTILE, limits, operations=ASKING) as sandbox:
        results = sandbox.run([sleep] * 4)
    assert [one.status for one in results] == ["timeout"] * 4
    assert "for all" in results[-1].error


@needs_bubblewrap
def test_links_in_a_submission_lead_nowhere(tmp_path: Path, answer_key: Path) -> None:
    shutil.copytree(HOSTILE, tmp_path / "student")
    (tmp_path / "student" / "key.txt").symlink_to(answer_key)
    (tmp_path / "student" / "others").symlink_to(answer_key.parent)
    jobs = [
        Job("call", {"function": "read_in_submission", "path": path})
        for path in ("key.txt", "others/answer_key.txt")
    ]
    with Sandbox(tmp_path / "student", LIMITS, operations=ASKING) as sandbox:
        results = sandbox.run(jobs)
        assert sorted(sandbox.figures["left_out"]) == ["key.txt", "others"]
    assert [one.error[:17] for one in results] == ["FileNotFoundError"] * 2


@needs_bubblewrap
def test_limits_are_told_with_what_keeps_them(sandbox: Sandbox) -> None:
    sandbox.run([SOUND])
    told = sandbox.figures
    assert told["sandbox"] == "bubblewrap"
    assert told["memory_mb"].startswith("250 (prlimit")
    assert told["processes"].startswith("16 (")
    assert told["files"] == 1


@needs_bubblewrap
def test_an_operation_that_is_not_there_is_the_graders_error(sandbox: Sandbox) -> None:
    with pytest.raises(StageFailed, match="no operation gone"):
        sandbox.run([SOUND, Job("gone")])


@needs_bubblewrap
def test_operations_that_do_not_import_are_the_graders_error(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "operations.py").write_text("import nowhere_to_be_found")
    with (
        Sandbox(HOSTILE, LIMITS, operations=tmp_path) as sandbox,
        pytest.raises(StageFailed, match="nowhere_to_be_found"),
    ):
        sandbox.run([SOUND])


def test_without_bubblewrap_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    bubblewrap.missing.cache_clear()
    try:
        with pytest.raises(BadInput, match="--unsafe-local"), Sandbox(HOSTILE, operations=ASKING):
            pytest.fail("a sandbox without bubblewrap")
    finally:
        bubblewrap.missing.cache_clear()


def test_unsafe_local_answers_and_keeps_the_clock(unsafe: Sandbox) -> None:
    sleep = Job("call", {"function": "sleep"})
    slept, sound = unsafe.run([sleep, SOUND], seconds=0.5)
    assert slept.status == "timeout"
    assert_sound(sound)
    assert unsafe.figures["sandbox"] == "none (unsafe local)"
