"""Runs probes on made submissions in this process: a stand-in for the sandbox."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tasks.assess.inside.discovery import framework
from tasks.assess.inside.operations import OPERATIONS
from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.registry import PROBES
from tasks.assess.results import ProbeResult

STUDENTS = Path(__file__).parent / "students"


def submission(
    folder: Path, student: str = "autograd", changes: dict[str, tuple[str, str]] | None = None
) -> Path:
    """A copy of a student's submission, with one text replaced by another in some files."""
    target = folder / student
    shutil.copytree(STUDENTS / student, target, dirs_exist_ok=True)
    for name, (old, new) in (changes or {}).items():
        path = next(target.rglob(name))
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))
    return target


def answer(submitted: Path, job: Job) -> JobResult:
    """What an operation gives, in the form in which the sandbox hands it over."""
    try:
        told = OPERATIONS[job.operation](submitted, job.params, job.arrays)
    except Exception as error:  # noqa: BLE001  the student's code may raise anything
        line = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return JobResult("raised", error=line)
    arrays = {key: value for key, value in told.items() if isinstance(value, np.ndarray)}
    values = {key: value for key, value in told.items() if key not in arrays}
    return JobResult("done", values, arrays)


@contextmanager
def forgotten() -> Iterator[None]:
    """Afterwards the submission's modules, its place on the path and its seeds are as before."""
    modules, path, state = set(sys.modules), list(sys.path), np.random.get_state()
    try:
        yield
    finally:
        framework.cache_clear()
        for module in set(sys.modules) - modules:
            del sys.modules[module]
        sys.path[:] = path
        np.random.set_state(state)


def probed(submitted: Path, name: str, seed: int = 3) -> ProbeResult:
    """One probe on a submission, which is then forgotten."""
    probe = PROBES[name]
    with forgotten():
        jobs = probe.jobs(np.random.default_rng(seed))
        return probe.judge(jobs, [answer(submitted, job) for job in jobs])
