"""What the probes of whole models share: answers that are no answers, and shares from ratios."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import isfinite, log
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import sandbox_trouble
from tasks.assess.results import Outcome, ProbeResult

# Keys with which an operation says that it came no further, in the order of the steps.
STEPS = ("found", "loaded", "runs", "tokenizer", "trains", "offered")
LONGEST_TOLD = 300
# Of a job's seconds, for work that stops by itself when its time is over; the rest is for what
# comes before and after it.
WORKING = 0.6


class Malformed(Exception):
    """The answer has not the form that it should have; the message says which part."""


class ModelProbe(ABC):
    """A probe whose verdict needs every job answered.

    Attributes:
        seconds: the most that one of its jobs may take in the sandbox.
        advice: what to do next where it is not passed.
    """

    name: ClassVar[str]
    milestones: ClassVar[tuple[int, ...]]
    public: ClassVar[bool]
    advice: ClassVar[str]
    seconds: ClassVar[float] = 60.0

    @property
    def working_seconds(self) -> float:
        """For work that stops by itself when its time is over."""
        return WORKING * self.seconds

    @abstractmethod
    def jobs(self, rng: np.random.Generator) -> list[Job]:
        """What to run; the same for the same generator state."""

    @abstractmethod
    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        """What complete answers mean."""

    def judge(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        """What the answers mean; `results` in the order of `jobs`."""
        early = sandbox_trouble(self, jobs, results) or self._stopped(results)
        if early is not None:
            return early
        try:
            return self.verdict(jobs, results)
        except Malformed as error:
            return self.result(
                Outcome.NOT_GRADABLE,
                None,
                f"The answer has not the form that it should have ({error}).",
            )

    def result(
        self, outcome: Outcome, share: float | None, evidence: str, **more: Any
    ) -> ProbeResult:
        """A result with this probe's name; the advice is given where it is not passed."""
        more.setdefault("next_step", "" if outcome is Outcome.PASSED else self.advice)
        return ProbeResult(
            probe=self.name,
            outcome=outcome,
            share=None if share is None else min(1.0, max(0.0, share)),
            evidence=evidence,
            public=self.public,
            **more,
        )

    def graded(self, share: float, evidence: str, **more: Any) -> ProbeResult:
        """Passed with everything earned, else failed with a part."""
        outcome = Outcome.PASSED if share >= 1.0 else Outcome.FAILED
        return self.result(outcome, share, evidence, **more)

    def _stopped(self, results: Sequence[JobResult]) -> ProbeResult | None:
        for result in results:
            if result.status == "raised":
                return self.result(
                    Outcome.FAILED, 0.0, f"The submission's code raised {told(result.error)}."
                )
            for step in STEPS:
                if result.values.get(step) is False:
                    return self.result(Outcome.FAILED, 0.0, _why(step, result.values))
        return None


def _why(step: str, values: dict[str, Any]) -> str:
    problems = "; ".join(told(line) for line in _list(values.get("problems"))[:3])
    tail = f" What was tried: {problems}." if problems else ""
    if step == "found":
        seen = ", ".join(told(name) for name in _list(values.get("seen"))[:12]) or "none"
        wanted = told(values.get("looked_for", "what is probed"))
        return f"Not found: {wanted}. Found instead: {seen}.{tail}"
    starts = {
        "loaded": "The submitted weights do not fit the model",
        "runs": "The model does not run",
        "tokenizer": "Text cannot be turned into tokens",
        "trains": "The model cannot be trained",
        "offered": "The layer does not take what it was asked for",
    }
    return f"{starts[step]}: {told(values.get('reason', 'no reason was given'))}.{tail}"


def told(text: Any) -> str:
    """A student's words, in one line and bounded."""
    return " ".join(str(text).split())[:LONGEST_TOLD]


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []


def number(values: dict[str, Any], key: str) -> float:
    """A finite number of the answer.

    Raises:
        Malformed: there is none.
    """
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Malformed(f"{key} is no number")
    return float(value)


def listed(values: dict[str, Any], key: str) -> list:
    """A list of the answer.

    Raises:
        Malformed: there is none.
    """
    value = values.get(key)
    if not isinstance(value, list):
        raise Malformed(f"{key} is no list")
    return value


def array(result: JobResult, name: str, *shape: int | None) -> np.ndarray:
    """An array of the answer; None in the shape stands for any length.

    Raises:
        Malformed: it is missing or has another shape.
    """
    held = result.arrays.get(name)
    if held is None or held.dtype.kind not in "biuf":
        raise Malformed(f"the array {name} is missing")
    fits = len(shape) == held.ndim and all(
        wanted is None or wanted == length for wanted, length in zip(shape, held.shape, strict=True)
    )
    if not fits:
        raise Malformed(f"the array {name} has the shape {list(held.shape)}")
    return held.astype(np.float64) if held.dtype.kind == "f" else held


def between(value: float, full: float, none: float) -> float:
    """1 at `full` and beyond, 0 at `none` and beyond, in between by the logarithm."""
    if value <= 0:
        return 1.0 if full < none else 0.0
    return float(min(1.0, max(0.0, log(none / value) / log(none / full))))
