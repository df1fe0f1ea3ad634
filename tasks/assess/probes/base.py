"""What a probe is, and the parts of judging that all share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.results import Outcome, ProbeResult

ANSWERED = ("done", "raised")


class Probe(Protocol):
    """One question to a submission.

    Attributes:
        name: in the registry; rubrics refer to it.
        milestones: in which it may serve.
        public: whether the student's own check shows it.
        seconds: the most that one of its jobs may take in the sandbox.
    """

    name: str
    milestones: tuple[int, ...]
    public: bool
    seconds: float

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        """What to run; the same for the same generator state."""
        ...

    def judge(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        """What the answers mean; `results` in the order of `jobs`."""
        ...


@dataclass(frozen=True)
class Finding:
    """What one case says about one aspect.

    Attributes:
        aspect: what was looked at, as a student would call it.
        share: earned, from 0 to 1.
        says: what is wrong; empty where nothing is.
        example: a failing example, readable.
        size: of the example, since the smallest is shown.
    """

    aspect: str
    share: float
    says: str = ""
    example: str = ""
    size: int = 0


class CaseProbe(ABC):
    """A probe whose jobs are cases, each of which gives findings about aspects.

    Attributes:
        weights: of aspects; those not named weigh 1. Aspects without a finding do not count.
        advice: what to do next where something is wrong.
        seconds: the most that one of its jobs may take in the sandbox.
    """

    name: ClassVar[str]
    milestones: ClassVar[tuple[int, ...]]
    public: ClassVar[bool]
    advice: ClassVar[str]
    weights: ClassVar[dict[str, float]] = {}
    seconds: ClassVar[float] = 20.0

    @abstractmethod
    def jobs(self, rng: np.random.Generator) -> list[Job]:
        """What to run; the same for the same generator state."""

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        """What an answered case says."""
        return []

    def judge(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        """What the answers mean."""
        trouble = sandbox_trouble(self, jobs, results)
        if trouble is not None:
            return trouble
        if all(is_missing(result) for result in results):
            return not_found(self, results[0])
        found = self.all_findings(self.relevant(jobs, results))
        return summed_up(self, found, self.weights, self.advice)

    def all_findings(self, pairs: Sequence[tuple[Job, JobResult]]) -> list[Finding]:
        """What all cases say; those that compare cases with each other override it."""
        return [one for job, result in pairs for one in self.findings(job, result)]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        """The cases that count."""
        return list(zip(jobs, results, strict=True))


def sandbox_trouble(
    probe: Probe, jobs: Sequence[Job], results: Sequence[JobResult]
) -> ProbeResult | None:
    """Not gradable where the sandbox brought no answer to a job; None where all were answered."""
    if len(jobs) != len(results):
        return ProbeResult(
            probe=probe.name,
            outcome=Outcome.GRADER_ERROR,
            evidence=f"{len(results)} answers came back for {len(jobs)} questions.",
            public=probe.public,
        )
    unanswered = [result for result in results if result.status not in ANSWERED]
    if not unanswered:
        return None
    first = unanswered[0]
    return ProbeResult(
        probe=probe.name,
        outcome=Outcome.NOT_GRADABLE,
        evidence=(
            f"{len(unanswered)} of {len(results)} cases ended without an answer ({first.status}"
            f"{f': {first.error}' if first.error else ''})."
        ),
        next_step="Look for endless loops, very slow loops and very large arrays; then ask again.",
        figures={"n": len(results), "unanswered": len(unanswered)},
        public=probe.public,
    )


def present(pairs: Sequence[tuple[Job, JobResult]]) -> list[tuple[Job, JobResult]]:
    """The cases without those that need something that the student has not (judged elsewhere)."""
    return [(job, result) for job, result in pairs if not is_missing(result)] or list(pairs)


def is_missing(result: JobResult) -> bool:
    """Whether the student has nothing of the kind that was looked for."""
    return result.status == "done" and result.values.get("found") is False


def not_found(probe: Probe, result: JobResult) -> ProbeResult:
    """Share 0, with what was looked for and what there was."""
    values = result.values
    seen = ", ".join(str(name) for name in values.get("seen") or []) or "no class at all"
    problems = "; ".join(str(line) for line in values.get("problems") or [])
    evidence = f"Not found: {values.get('looked_for', 'what is probed')}. Found instead: {seen}."
    return ProbeResult(
        probe=probe.name,
        outcome=Outcome.FAILED,
        share=0.0,
        evidence=evidence + (f" Did not import: {problems}." if problems else ""),
        next_step="Give the class one of the usual names, and check that its file imports.",
        public=probe.public,
    )


def summed_up(
    probe: Probe, findings: Sequence[Finding], weights: dict[str, float], advice: str
) -> ProbeResult:
    """The weighted mean over aspects of the mean share of each; passed where nothing is wrong."""
    aspects: dict[str, list[Finding]] = {}
    for finding in findings:
        aspects.setdefault(finding.aspect, []).append(finding)
    total = sum(weights.get(aspect, 1.0) for aspect in aspects)
    earned = sum(
        weights.get(aspect, 1.0) * sum(one.share for one in held) / len(held)
        for aspect, held in aspects.items()
    )
    share = min(1.0, max(0.0, earned / total)) if total else 0.0
    wrong = [finding for finding in findings if finding.share < 1.0]
    smallest = min((one for one in wrong if one.example), key=lambda f: f.size, default=None)
    if not findings:
        wrong = [Finding("", 0.0)]
    return ProbeResult(
        probe=probe.name,
        outcome=Outcome.FAILED if wrong else Outcome.PASSED,
        share=1.0 if not wrong else share,
        evidence=" ".join(_told(aspect, held) for aspect, held in aspects.items())
        or "No case could be judged.",
        example=smallest.example if smallest else "",
        next_step=advice if wrong else "",
        figures={
            "n": len(findings),
            "right": sum(one.share == 1.0 for one in findings),
            **{aspect: f"{_right(held)} of {len(held)}" for aspect, held in aspects.items()},
        },
        public=probe.public,
    )


def _right(held: Sequence[Finding]) -> int:
    return sum(one.share == 1.0 for one in held)


def _told(aspect: str, held: Sequence[Finding]) -> str:
    says = list(dict.fromkeys(one.says for one in held if one.says))
    right = f"{_right(held)} of {len(held)}"
    start = aspect[:1].upper() + aspect[1:]
    if not says and _right(held) == len(held):
        return f"{start}: right ({right})."
    return f"{start}: {right} right; {'; '.join(says[:2]) or 'wrong values'}."
