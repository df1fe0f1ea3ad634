"""Optimizers step as their formulas say."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers
from tasks.assess.probes.compare import close, shown, wrongness
from tasks.assess.references import optimizers

STEPS = 4
RATE = 0.05
MOMENTUM = 0.8
NAMES = {"sgd": "plain SGD", "momentum": "SGD with momentum", "adam": "Adam"}
ADAM_WITHOUT_CORRECTION = 0.5
ONE_STEP = 0.25


class OptimizerSteps(CaseProbe):
    """Four steps along given gradients; every usual form of momentum is right."""

    name: ClassVar[str] = "optimizer_steps"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Step one parameter twice by hand with the gradients 1 and 1."
    weights: ClassVar[dict[str, float]] = {
        NAMES["sgd"]: 0.4,
        NAMES["momentum"]: 0.2,
        NAMES["adam"]: 0.4,
    }

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for kind in NAMES:
            for inputs, outputs in ((1, 2), (3, 4)):
                settings: dict[str, Any] = {"rate": RATE}
                if kind == "momentum":
                    settings["momentum"] = MOMENTUM
                params = {
                    **{"optimizer": "adam" if kind == "adam" else "sgd"},
                    **{"kind": kind, "settings": settings, "steps": STEPS},
                }
                arrays = {"start": numbers(rng, inputs, outputs)}
                for number in range(STEPS):
                    arrays[f"gradient_{number}"] = numbers(rng, inputs, outputs)
                jobs.append(Job("optimizer_steps", params, arrays))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        kind = job.params["kind"]
        aspect, start = NAMES[kind], job.arrays["start"]
        if result.values.get("found") is False:
            says = f"{result.values.get('looked_for')} was not found"
            return [Finding(aspect, 0.0, says)]
        if result.status == "raised":
            return [Finding(aspect, 0.0, f"raised {result.error}")]
        if result.values.get("offered") is False:
            return [Finding(aspect, 0.0, f"not offered ({result.values.get('reason')})")]
        if not result.values.get("moved"):
            return [Finding(aspect, 0.0, "a step moves no parameter")]
        after = result.arrays.get("after")
        forms = _right(kind, start, job)
        # Of what moved, not of where it is: a parameter far from 0 hides a wrong step.
        moved = None if after is None or after.shape[1:] != start.shape else after - start
        expected = [np.stack(steps) - start for steps in forms]
        if any(close(moved, one, 1e-3) for one in expected):
            return [Finding(aspect, 1.0)]
        share, says = _diagnosis(kind, job, moved, expected)
        example = f"start {shown(start)}, gradient {shown(job.arrays['gradient_0'])}: moves by "
        example += f"{shown(None if moved is None else moved[0])}, it should by "
        example += shown(expected[0][0])
        return [Finding(aspect, share, says, example, start.size)]


def _gradients(job: Job) -> list[np.ndarray]:
    return [job.arrays[f"gradient_{number}"] for number in range(STEPS)]


def _right(kind: str, start: np.ndarray, job: Job) -> Sequence[list[np.ndarray]]:
    gradients = _gradients(job)
    if kind == "sgd":
        return (optimizers.sgd(start, gradients, RATE),)
    if kind == "adam":
        return (optimizers.adam(start, gradients, RATE),)
    return tuple(
        form(start, gradients, RATE, MOMENTUM)
        for form in (
            optimizers.sgd_momentum,
            optimizers.sgd_nesterov,
            optimizers.sgd_averaged_momentum,
        )
    )


def _diagnosis(
    kind: str, job: Job, moved: np.ndarray | None, expected: list[np.ndarray]
) -> tuple[float, str]:
    if moved is None:
        return 0.0, "no parameters came back"
    start, gradients = job.arrays["start"], _gradients(job)
    if kind == "adam":
        plain = np.stack(optimizers.adam(start, gradients, RATE, corrected=False)) - start
        if close(moved, plain, 1e-3):
            return ADAM_WITHOUT_CORRECTION, "the bias correction of both averages is missing"
    if kind == "momentum":
        plain = np.stack(optimizers.sgd(start, gradients, RATE)) - start
        if close(moved, plain, 1e-3):
            return 0.0, "the momentum is not used"
    if close(moved, -expected[0], 1e-3):
        return 0.0, "it climbs: the sign of the step is wrong"
    if close(moved[0], expected[0][0], 1e-3):
        return ONE_STEP, "the first step is right, the later ones are not"
    return 0.0, f"the movement {wrongness(moved, expected[0])}"
