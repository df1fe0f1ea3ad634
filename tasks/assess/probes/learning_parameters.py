"""Whether every parameter that a model's output depends on gets a gradient.

A network whose convolution never learns can still reach 91 % on MNIST.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.accuracy import CLASSES
from tasks.assess.probes.model_probe import Malformed, ModelProbe, listed, told
from tasks.assess.results import ProbeResult

# A parameter matters if moving it moves the output by this share of what others do.
MATTERS = 1e-4
# Gradients below this share of the largest are rounding.
NOTHING = 1e-9
BIAS_WEIGHT = 0.25
KERNEL_AXES = 4
NOT_FINITE = "not finite"
WITHOUT_A_MATRIX = 0.5


@dataclass(frozen=True)
class _Row:
    """One array of the model.

    Attributes:
        gradient: the greatest; None where it received none.
        effect: the greatest change of the output when the array is moved by a tenth.
        listed: whether the model names it among its parameters.
        trained: whether a step of the student's training moves it; None where there is none.
    """

    path: str
    shape: list
    gradient: float | None
    effect: float
    listed: bool
    trained: bool | None

    @property
    def is_matrix(self) -> bool:
        return len(self.shape) > 1

    @property
    def must_learn(self) -> bool:
        """Kernels always; other arrays may be constants, such as encoded positions."""
        return self.listed or len(self.shape) == KERNEL_AXES

    def wrong(self, top: float) -> str:
        """Why it does not learn; empty where it does. `top` is the greatest gradient of all."""
        if self.gradient is None:
            return "its gradient is None"
        if not isfinite(self.gradient):
            return "its gradient is not finite"
        if self.gradient <= NOTHING * top:
            return "its gradient is 0 everywhere"
        return "a step of training does not move it" if self.trained is False else ""


class LearningParameters(ModelProbe):
    """The gradient of each parameter beside what moving it does to the output."""

    advice = (
        "Follow the named parameter from the layer's forward pass: its result must be computed by "
        "operations that your automatic differentiation records, and parameters() must name it."
    )

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        rows = _rows(results[0])
        greatest = _greatest(row.effect for row in rows)
        top = _greatest(row.gradient for row in rows)
        relevant = [row for row in rows if row.effect > MATTERS * greatest and row.must_learn]
        if not relevant:
            return self.graded(0.0, "The output depends on none of the model's parameters.")
        still = [row for row in relevant if row.wrong(top)]
        weigh = sum(_weight(row) for row in relevant)
        share = 1.0 - sum(_weight(row) for row in still) / weigh
        if any(row.is_matrix for row in still):
            share *= WITHOUT_A_MATRIX
        example = ""
        if still:
            first = still[0]
            example = (
                f"{told(first.path)} of shape {first.shape}: {first.wrong(top)}, but moving it by "
                f"a tenth moves the output by {first.effect:.3g}."
            )
        names = ", ".join(told(row.path) for row in still[:4])
        said = f"; these do not: {names}" if still else ""
        return self.graded(
            share,
            f"{len(relevant) - len(still)} of {len(relevant)} parameters learn{said}.",
            example=example,
            figures={"n": len(relevant), "still": len(still)},
        )


class MnistCnnTrainsEveryParameter(LearningParameters):
    """On random images."""

    name = "mnist_cnn_trains_every_parameter"
    milestones = (2,)
    public = True

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        images = rng.random((8, 1, 28, 28)).astype(np.float32)
        upstream = rng.standard_normal((len(images), CLASSES))
        arrays = {"images": images, "upstream": upstream}
        return [Job("model_gradients", {"model": "mnist_cnn"}, arrays)]


class GptGradientsReachAll(LearningParameters):
    """On random tokens."""

    name = "gpt_gradients_reach_all"
    milestones = (5,)
    public = True

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        params = {"seed": int(rng.integers(2**31)), "rows": 3, "longest": 8}
        return [Job("gpt_gradients", params)]


def _rows(result: JobResult) -> list[_Row]:
    """The arrays of the answer, checked."""
    names = ("paths", "shapes", "gradients", "effects", "listed")
    columns = [listed(result.values, name) for name in names]
    if len({len(column) for column in columns}) != 1:
        raise Malformed("the lists of parameters differ in length")
    trained = result.values.get("trained")
    rows = []
    for path, shape, gradient, effect, is_listed in zip(*columns, strict=True):
        gradient, effect = (inf if value == NOT_FINITE else value for value in (gradient, effect))
        sound = isinstance(effect, int | float) and isinstance(shape, list)
        if not sound or not (gradient is None or isinstance(gradient, int | float)):
            raise Malformed("a parameter's figures are no numbers")
        moves = path in trained if isinstance(trained, list) else None
        rows.append(_Row(str(path), shape, gradient, float(effect), is_listed is True, moves))
    return rows


def _greatest(values: Iterable[float | None]) -> float:
    """Of those that are finite numbers."""
    return max((value for value in values if value is not None and isfinite(value)), default=0.0)


def _weight(row: _Row) -> float:
    return 1.0 if row.is_matrix else BIAS_WEIGHT
