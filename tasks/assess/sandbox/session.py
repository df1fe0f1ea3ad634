"""Asks one submission's code questions, each process in a sandbox of its own."""

import dataclasses
import json
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.assess.jobs import Job, JobResult
from tasks.assess.sandbox import bubblewrap, control_groups, layout
from tasks.assess.sandbox.answers import Malformed, plain_text, read_answer
from tasks.assess.sandbox.child.frames import pack
from tasks.assess.sandbox.control_groups import ControlGroup
from tasks.assess.sandbox.limits import MEGABYTE, Limits
from tasks.assess.sandbox.process import MOST_HEADER_MB, Heard, Pipes, Process
from tasks.assess.sandbox.submission_copy import Copied, copy_submission
from tasks.errors import BadInput, StageFailed

START_SECONDS = 60.0
# What a busy machine may do to honest code: what it is graded by is the time of a CPU.
WALL_PER_CPU = 3.0
# Puts itself into the control groups, then becomes the sandbox.
ENTER = 'for group in $1; do echo $$ >"$group/cgroup.procs" || exit 97; done; shift; exec "$@"'


class Sandbox:
    """A submission that can be asked; a context manager, for one thread.

    Args:
        submission: the folder, of which a copy is made.
        unsafe_local: run without a sandbox, as the user who grades.
        operations: the package `inside`, that knows what may be asked.

    Raises:
        BadInput: there can be no sandbox here, and `unsafe_local` was not given.
        SubmissionRefused: the submission cannot be copied.
    """

    def __init__(
        self,
        submission: Path,
        limits: Limits | None = None,
        *,
        unsafe_local: bool = False,
        operations: Path = layout.OPERATIONS,
    ) -> None:
        self.submission, self.limits = submission, limits or Limits()
        self.unsafe_local, self.operations = unsafe_local, operations
        self.copied = Copied()
        self.group = ControlGroup()

    def __enter__(self) -> "Sandbox":
        if not self.unsafe_local and (reason := bubblewrap.missing()):
            raise BadInput(
                f"{reason} Without it nothing holds the students' code back; --unsafe-local runs "
                "it all the same, as yourself."
            )
        self._workspace = tempfile.TemporaryDirectory(prefix="assess-", ignore_cleanup_errors=True)
        self.workspace = Path(self._workspace.name)
        try:
            self.copy = self.workspace / "student" / "submission"
            self.copied = copy_submission(self.submission, self.copy)
        except BaseException:
            self._workspace.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._workspace.cleanup()

    @property
    def figures(self) -> dict[str, Any]:
        """Each limit with what keeps it, as after the last run."""
        limits, kept = self.limits, self.group.kept
        processes = kept.get("processes", "prlimit, which does not bind root")
        space = "prlimit only" if self.unsafe_local else "size of the folder in memory"
        return {
            "sandbox": "none (unsafe local)" if self.unsafe_local else "bubblewrap",
            "wall_seconds": f"{limits.wall_seconds:g} a job (the grader's clock)",
            "cpu_seconds": f"{limits.cpu_seconds:g} a job (prlimit)",
            "memory_mb": f"{limits.memory_mb} ({' and '.join(['prlimit', *_named(kept)])})",
            "processes": f"{limits.processes} ({processes})",
            "file_mb": f"{limits.file_mb} (prlimit)",
            "scratch_mb": f"{limits.scratch_mb} ({space})",
            "answer_mb": f"{limits.answer_mb} (the grader's reading)",
            "files": self.copied.files,
            "left_out": self.copied.left_out[:20],
        }

    def run(
        self, jobs: Sequence[Job], seconds: float | None = None, *, all_or_none: bool = False
    ) -> list[JobResult]:
        """Ask all jobs in turn; after one that ended its process, the rest go to a fresh one.

        Args:
            seconds: of a CPU for a job, in place of the limits'; the clock on the wall allows
                `WALL_PER_CPU` times as many.
            all_or_none: do not ask on after a job without an answer, since the others would be
                of no use; they get "no result".

        Returns:
            One result a job, in their order.

        Raises:
            StageFailed: no process could be started; no fault of the submission.
        """
        until = time.monotonic() + self.limits.run_seconds
        results: list[JobResult] = []
        while len(results) < len(jobs):
            if time.monotonic() >= until:
                late = f"the {self.limits.run_seconds:g} s for all questions were over"
                results += [JobResult("timeout", error=late)] * (len(jobs) - len(results))
                break
            results += self._ask_until_broken(jobs[len(results) :], seconds, until)
            if all_or_none and results[-1].status not in ("done", "raised"):
                left = JobResult("no result", error="not asked, since another got no answer")
                results += [left] * (len(jobs) - len(results))
        return results

    def _ask_until_broken(
        self, jobs: Sequence[Job], seconds: float | None, until: float
    ) -> list[JobResult]:
        """Results of the first jobs, at least of one, with one process."""
        self.group = control_groups.make(self.limits)
        scratch = Path(tempfile.mkdtemp(dir=self.workspace))
        process = None
        try:
            process = self._start(scratch)
            unknown = {job.operation for job in jobs} - _operations_when_ready(process)
            if unknown:
                raise StageFailed(f"There is no operation {', '.join(sorted(unknown))}.")
            results = []
            for job in jobs:
                results.append(self._ask(process, job, seconds, until))
                if results[-1].status not in ("done", "raised") or time.monotonic() >= until:
                    break
            return results
        finally:
            if process is not None:
                process.end()
            self.group.remove()
            shutil.rmtree(scratch, ignore_errors=True)

    def _start(self, scratch: Path) -> Process:
        pipes = Pipes.open()
        command = self._command(scratch, pipes)
        return Process.start(
            command,
            layout.environment(scratch),
            pipes,
            self.limits.answer_mb * MEGABYTE,
            self.limits.printed_mb * MEGABYTE,
        )

    def _command(self, scratch: Path, pipes: Pipes) -> list[str]:
        if self.unsafe_local:
            seen, start = layout.linked(scratch, self.operations, self.copy), []
        else:
            seen = layout.INSIDE
            start = bubblewrap.command(self.copy, self.operations, self.limits, pipes.about)
        settings = {
            "package": str(seen.package),
            "site": str(seen.site),
            "submission": str(seen.submission),
            "scratch": str(seen.scratch),
            "questions": pipes.questions,
            "answers": pipes.answers,
            "limits": self.limits.inside(),
        }
        python = [str(layout.interpreter()), "-I", "-S", "-B", str(seen.main), json.dumps(settings)]
        groups = " ".join(map(str, self.group.folders))
        shell = shutil.which("sh") or "/bin/sh"
        return [shell, "-c", ENTER, "sh", groups, *start, *python]

    def _ask(self, process: Process, job: Job, seconds: float | None, until: float) -> JobResult:
        token = secrets.token_hex(16)
        allowed = WALL_PER_CPU * seconds if seconds else self.limits.wall_seconds
        wall = min(allowed, max(0.0, until - time.monotonic()))
        cpu = seconds or self.limits.cpu_seconds
        question = {"operation": job.operation, "params": job.params, "cpu_seconds": cpu}
        heard = process.ask(pack({**question, "token": token}, job.arrays), wall)
        if heard.stop == "ended":
            process.wait()
        result = self._result(heard, token) or _unanswered(heard, process.status, wall, cpu)
        peak = self.group.peak_mb() or result.peak_memory_mb
        return dataclasses.replace(
            result,
            seconds=heard.seconds,
            peak_memory_mb=peak,
            stdout_tail=plain_text(process.printed),
        )

    def _result(self, heard: Heard, token: str) -> JobResult | None:
        """The answer, or what is wrong with it; None where there was none."""
        limits = self.limits
        if heard.stop == "answered":
            try:
                return read_answer(heard.header, heard.body, token)
            except Malformed as error:
                return JobResult("malformed", error=str(error))
        if heard.stop == "too large":
            told = f"larger than {limits.answer_mb} MB, or its values than {MOST_HEADER_MB} MB"
            return JobResult("output too large", error=f"the answer is {told}")
        if heard.stop == "printed too much":
            return JobResult(
                "output too large", error=f"more than {limits.printed_mb} MB were printed"
            )
        if self.group.ran_out_of_memory():
            return JobResult("memory", error=f"more than {limits.memory_mb} MB of memory")
        return None


def _operations_when_ready(process: Process) -> set[str]:
    """What may be asked, told before any of the submission's code has run."""
    heard = process.ask([], START_SECONDS)
    if heard.stop == "answered":
        return set(json.loads(heard.header)["operations"])
    process.wait()
    raise StageFailed(
        f"The process for student code did not start ({heard.stop}, exit status {process.status}): "
        f"{' '.join(plain_text(process.printed).split())[-600:] or 'it said nothing'}."
    )


def _unanswered(heard: Heard, status: int | None, wall: float, cpu: float) -> JobResult:
    """What a process came to that is still at it, or has ended with this exit status."""
    if heard.stop == "timeout":
        return JobResult("timeout", error=f"no answer within {wall:.3g} s")
    number = 0 if status is None else status - 128
    if number == signal.SIGXCPU:
        return JobResult("timeout", error=f"more than {cpu:g} s of CPU time")
    if number > 0:
        known = number in set(signal.Signals)
        name = signal.Signals(number).name if known else str(number)
        return JobResult("killed", error=f"the process was ended by the signal {name}")
    return JobResult("no result", error=f"the process ended (status {status}) without an answer")


def _named(kept: dict[str, str]) -> list[str]:
    return [kept["memory"]] if "memory" in kept else []
