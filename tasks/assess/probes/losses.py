"""Losses have the values and gradients of their formulas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers
from tasks.assess.probes.compare import (
    NEARBY,
    close,
    close_numbers,
    constant_factor,
    shown,
    wrongness,
)
from tasks.assess.references import losses
from tasks.assess.references.activations import softmax

STEP = 0.005
FORMS = ("plain", "one hot")


@dataclass(frozen=True)
class Kind:
    """What a loss may be of: numbers, logits or probabilities."""

    value: Callable[[np.ndarray, np.ndarray], float]
    gradient: Callable[[np.ndarray, np.ndarray], np.ndarray]


KINDS: dict[tuple[str, str], Kind] = {
    ("mse", "numbers"): Kind(losses.mean_squared_error, losses.mean_squared_error_gradient),
    ("cross_entropy", "logits"): Kind(losses.cross_entropy, losses.cross_entropy_gradient),
    ("cross_entropy", "probabilities"): Kind(
        losses.cross_entropy_of_probabilities, losses.cross_entropy_of_probabilities_gradient
    ),
    ("binary_cross_entropy", "logits"): Kind(
        losses.binary_cross_entropy_of_logits, losses.binary_cross_entropy_of_logits_gradient
    ),
    ("binary_cross_entropy", "probabilities"): Kind(
        losses.binary_cross_entropy, losses.binary_cross_entropy_gradient
    ),
}
NAMES = {
    "mse": "mean squared error",
    "cross_entropy": "cross-entropy",
    "binary_cross_entropy": "binary cross-entropy",
}
WEIGHTS = {"mse": 0.35, "cross_entropy": 0.45, "binary_cross_entropy": 0.2}
CONSTANT_FACTOR = 0.25
OWN_FORWARD = 0.5
# The gradient of softmax and cross-entropy together, though the loss is given probabilities.
FUSED = "softmax and cross-entropy together"


def loss_job(rng: np.random.Generator, loss: str, of: str, rows: int, columns: int) -> Job:
    """One loss of logits, probabilities or numbers."""
    predictions = numbers(rng, rows, columns)
    if of == "probabilities":
        # Kept from 0 and 1, where finite differences say little.
        shares = softmax(predictions)
        predictions = (0.1 + 0.8 * shares) if loss == "binary_cross_entropy" else shares
    if loss == "cross_entropy":
        targets: np.ndarray = rng.integers(0, columns, size=rows)
    elif loss == "binary_cross_entropy":
        targets = rng.integers(0, 2, size=(rows, columns)).astype(np.float64)
    else:
        targets = numbers(rng, rows, columns)
    arrays = {"predictions": predictions, "targets": targets}
    direction = numbers(rng, rows, columns)
    params = {"loss": loss, "of": of, "step": STEP}
    return Job("loss", params, {**arrays, "direction": direction})


class _LossProbe(CaseProbe):
    """Of losses that may be of logits or of probabilities, the better of the two counts."""

    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        shapes = ((1, 3), (4, 3), (6, 5))
        return [loss_job(rng, loss, of, *shape) for loss, of in KINDS for shape in shapes]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        groups: dict[tuple[str, str], list[tuple[Job, JobResult]]] = {}
        for job, result in zip(jobs, results, strict=True):
            groups.setdefault((job.params["loss"], job.params["of"]), []).append((job, result))
        kept: list[tuple[Job, JobResult]] = []
        for loss in NAMES:
            ways = [pairs for (name, _), pairs in groups.items() if name == loss]
            kept += max(ways, key=self._worth)
        return kept

    def _worth(self, pairs: list[tuple[Job, JobResult]]) -> float:
        return sum(_right_value(job, result) is not None for job, result in pairs) + sum(
            finding.share for job, result in pairs for finding in self.findings(job, result)
        )


class LossValues(_LossProbe):
    """Class numbers or one-hot rows, tensors or arrays: whichever the loss takes."""

    name: ClassVar[str] = "loss_values"
    advice: ClassVar[str] = "Average over the batch, and compare a batch of one with the formula."
    weights: ClassVar[dict[str, float]] = {NAMES[loss]: weight for loss, weight in WEIGHTS.items()}

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        loss = job.params["loss"]
        predictions, targets = job.arrays["predictions"], job.arrays["targets"]
        problem = _problem(NAMES[loss], job, result)
        if problem is not None:
            return [problem]
        if _right_value(job, result) is not None:
            return [Finding(NAMES[loss], 1.0)]
        expected = KINDS[loss, job.params["of"]].value(predictions, targets)
        value = next(v for form in FORMS if (v := result.values.get(f"value {form}")) is not None)
        share, says = _value_wrongness(value, expected, predictions)
        example = f"{loss} of {job.params['of']} {shown(predictions)} and targets {shown(targets)}"
        example += f" gives {_number(value)}, it should give {expected:.6g}"
        return [Finding(NAMES[loss], share, says, example, predictions.size)]


class LossGradients(_LossProbe):
    """The gradient in the predictions."""

    name: ClassVar[str] = "loss_gradients"
    advice: ClassVar[str] = (
        "Derive the gradient for one row, then divide by what the loss averages."
    )
    weights: ClassVar[dict[str, float]] = {
        f"{NAMES[loss]} gradient": weight for loss, weight in WEIGHTS.items()
    }

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        loss = job.params["loss"]
        aspect = f"{NAMES[loss]} gradient"
        problem = _problem(aspect, job, result)
        if problem is not None:
            return [problem]
        predictions, targets = job.arrays["predictions"], job.arrays["targets"]
        expected = KINDS[loss, job.params["of"]].gradient(predictions, targets)
        held = {form: result.arrays.get(f"gradient {form}") for form in FORMS}
        if any(close(gradient, expected) for gradient in held.values()):
            return [Finding(aspect, 1.0)]
        if any(_is_fused(job, gradient) for gradient in held.values()):
            says = f"it is the gradient of {FUSED}, in the logits"
            return [Finding(aspect, OWN_FORWARD, says)]
        form = _right_value(job, result) or next(
            (form for form in FORMS if held[form] is not None), "plain"
        )
        gradient = held[form]
        says = wrongness(gradient, expected)
        example = f"{loss} of {job.params['of']} {shown(predictions)}: the gradient is "
        example += f"{shown(gradient)}, it should be {shown(expected)}"
        share = 0.0
        if _fits_own_values(job, result, form, gradient):
            share, says = OWN_FORWARD, "agrees with finite differences of your own loss only"
        elif gradient is not None and constant_factor(gradient, expected) is not None:
            share = CONSTANT_FACTOR
        return [Finding(aspect, share, says, example, predictions.size)]


def _problem(aspect: str, job: Job, result: JobResult) -> Finding | None:
    """Why nothing can be compared; None where something can."""
    if result.values.get("found") is False:
        return Finding(aspect, 0.0, f"{result.values.get('looked_for')} was not found")
    shape = job.arrays["predictions"].shape
    call = f"{job.params['loss']} of {job.params['of']} of shape {shape}"
    if result.status == "raised":
        return Finding(aspect, 0.0, f"raised {result.error}", call, 1)
    if not any(f"value {form}" in result.values for form in FORMS):
        problems = result.values.get("problems") or ["nothing came back"]
        return Finding(aspect, 0.0, f"raised {problems[0]}", call, 1)
    return None


def _right_value(job: Job, result: JobResult) -> str | None:
    """The form of targets in which the loss has its right value; None where it has in none."""
    kind = KINDS[job.params["loss"], job.params["of"]]
    expected = kind.value(job.arrays["predictions"], job.arrays["targets"])
    for form in FORMS:
        if close_numbers(result.values.get(f"value {form}"), expected):
            return form
    return None


def _value_wrongness(value: Any, expected: float, predictions: np.ndarray) -> tuple[float, str]:
    rows, columns = predictions.shape
    for factor, says in (
        (rows, "it is summed over the batch, not averaged"),
        (rows * columns, "it is summed, not averaged"),
        (columns, "it is averaged over the batch only, not over all elements"),
        (columns / 2, "it is half the sum over a row, averaged over the batch"),
        (0.5, "it is half of what it should be"),
        (-1.0, "its sign is wrong"),
    ):
        if factor != 1 and close_numbers(value, factor * expected):
            return (CONSTANT_FACTOR, says)
    return 0.0, "the value is wrong"


def _number(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.6g}" if is_number else "no number"


def _is_fused(job: Job, gradient: np.ndarray | None) -> bool:
    if (job.params["loss"], job.params["of"]) != ("cross_entropy", "probabilities"):
        return False
    probabilities = job.arrays["predictions"]
    fused = losses.cross_entropy_gradient(np.log(probabilities), job.arrays["targets"])
    return close(gradient, fused)


def _fits_own_values(job: Job, result: JobResult, form: str, gradient: np.ndarray | None) -> bool:
    plus, minus = (result.values.get(f"{label} {form}") for label in ("plus", "minus"))
    direction = job.arrays["direction"]
    if gradient is None or gradient.shape != direction.shape or not gradient.any():
        return False
    if not all(isinstance(one, int | float) for one in (plus, minus)):
        return False
    measured = (plus - minus) / (2 * job.params["step"])
    claimed = float(np.sum(gradient * direction))
    return abs(measured) > 1e-3 and abs(measured - claimed) <= NEARBY * abs(measured)
