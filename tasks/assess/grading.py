"""Grade one submission in one milestone: ask its code in the sandbox, judge outside, score."""

import hashlib
import time
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.packs.base import EvidenceProbe
from tasks.assess.packs.registry import PACK_PROBES, inspected
from tasks.assess.probes.base import Probe
from tasks.assess.probes.registry import PROBES, judged
from tasks.assess.probes.static import StaticProbe
from tasks.assess.probes.whole_models import STATIC_PROBES
from tasks.assess.results import MilestoneResult, Outcome, ProbeResult
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.sandbox.limits import Limits
from tasks.assess.sandbox.session import Sandbox
from tasks.assess.sandbox.submission_copy import SubmissionRefused
from tasks.assess.scoring.milestone import score_milestone
from tasks.errors import BadInput, StageFailed
from tasks.parsing import ONE_AT_A_TIME

# What decides a grade, apart from the rubric; reports and exports do not.
DECIDES = (
    "inside",
    "packs",
    "probes",
    "references",
    "sandbox",
    "scoring",
    "datasets",
    "grading.py",
)
# After so many probes in a row without an answer in time, the next ones get only these seconds: a
# submission that hangs wherever it is asked then costs minutes, and no other one loses anything.
PATIENT, SHORT_SECONDS = 2, 5.0
KNOWN_PROBES: dict[str, Probe | StaticProbe | EvidenceProbe] = {
    **PROBES,
    **STATIC_PROBES,
    **PACK_PROBES,
}


def grade_submission(
    student: str,
    submission: Path,
    rubric: Rubric,
    *,
    data_seed: int,
    probes: Collection[str] | None = None,
    public_only: bool = False,
    unsafe_local: bool = False,
    limits: Limits | None = None,
) -> MilestoneResult:
    """The grade of a submission, which nothing that it does can keep from being given.

    The questions depend on the seed, the probe's name and the submission's content alone: neither
    the order of students nor the number of workers changes a grade, equal work gets an equal
    one, and another attempt is asked for other test images.

    Args:
        student: as in the roster.
        submission: its folder.
        rubric: of the milestone.
        data_seed: of the questions and of the test images that are drawn.
        probes: the only ones to run; None runs all of the rubric.
        public_only: as in a student's own check.
        unsafe_local: run without a sandbox.
        limits: of the sandbox.

    Raises:
        BadInput: there can be no sandbox here, or the rubric names an unknown probe.
    """
    started = time.perf_counter()
    wanted = [name for name in rubric.probes() if probes is None or name in probes]
    unknown = [name for name in wanted if name not in KNOWN_PROBES]
    if unknown:
        raise BadInput(f"{rubric.id} names unknown probes: {', '.join(unknown)}.")
    if public_only:
        wanted = [name for name in wanted if KNOWN_PROBES[name].public]
    digest = submission_hash(submission)
    try:
        found = [
            inspected(PACK_PROBES[name], submission, rubric.assignments)
            for name in wanted
            if name in PACK_PROBES
        ]
        of_code = [name for name in wanted if name not in PACK_PROBES]
        if of_code:
            seed = f"{data_seed} {digest}"
            found += _asked(submission, of_code, seed, unsafe_local, limits)
    except SubmissionRefused as error:
        found = [_without_answer(name, Outcome.NOT_GRADABLE, str(error)) for name in wanted]
    except StageFailed as error:
        found = [_without_answer(name, Outcome.GRADER_ERROR, str(error)) for name in wanted]
    return score_milestone(
        rubric,
        found,
        student=student,
        submission_hash=digest,
        grader_version=grader_version(rubric),
        data_seed=data_seed,
        seconds=round(time.perf_counter() - started, 3),
        public_only=public_only,
    )


def lost(student: str, submission: Path, rubric: Rubric, why: str) -> MilestoneResult:
    """What is kept where no grade came back: the grader's error, by no fault of the student."""
    return score_milestone(
        rubric,
        [_without_answer(name, Outcome.GRADER_ERROR, why) for name in rubric.probes()],
        student=student,
        submission_hash=submission_hash(submission),
        grader_version=grader_version(rubric),
        data_seed=0,
        seconds=0.0,
    )


def datasets_of(rubric: Rubric) -> list[str]:
    """Names of the data sets that its probes ask with."""
    named = [getattr(KNOWN_PROBES[name], "dataset", None) for name in rubric.probes()]
    return sorted({name for name in named if name})


def grader_version(rubric: Rubric) -> str:
    """What tells graders apart: a hash of the code that decides, and of the rubric."""
    text = _code_hash() + rubric.fingerprint()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _code_hash() -> str:
    here = Path(__file__).parent
    files = [path for name in DECIDES for path in _python_files(here / name)]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))


def _asked(
    submission: Path,
    wanted: Sequence[str],
    seed: str,
    unsafe_local: bool,
    limits: Limits | None,
) -> list[ProbeResult]:
    """The verdicts of all probes; each asks in a fresh process, so that none disturbs the next."""
    found = []
    late = 0
    with Sandbox(submission, limits, unsafe_local=unsafe_local) as sandbox:
        for name in wanted:
            if name in STATIC_PROBES:
                with ONE_AT_A_TIME:
                    found.append(_inspected(STATIC_PROBES[name], sandbox.copy))
                continue
            probe = PROBES[name]
            jobs = probe.jobs(_generator(seed, name))
            seconds = probe.seconds if late < PATIENT else min(SHORT_SECONDS, probe.seconds)
            answers = sandbox.run(jobs, seconds, all_or_none=True)
            late = late + 1 if any(one.status == "timeout" for one in answers) else 0
            found.append(judged(probe, jobs, answers))
    return found


def _inspected(probe: StaticProbe, submission: Path) -> ProbeResult:
    """What a probe reads in the files; where they make the reading itself fail, a person looks."""
    try:
        return probe.inspect(submission)
    except Exception as error:  # noqa: BLE001  the files come from outside
        why = f"The files could not be read ({type(error).__name__}); a person must look at them."
        return _without_answer(probe.name, Outcome.NOT_GRADABLE, why)


def _generator(seed: str, probe: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {probe}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def _without_answer(name: str, outcome: Outcome, why: str) -> ProbeResult:
    return ProbeResult(probe=name, outcome=outcome, evidence=why, public=KNOWN_PROBES[name].public)
