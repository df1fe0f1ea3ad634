"""Whether every parameter that a model's output depends on gets a gradient.

A network whose convolution never learns can still reach 91 % on MNIST.
"""

from collections.abc import Sequence

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
WITHOUT_A_MATRIX = 0.5


class LearningParameters(ModelProbe):
    """The gradient of each parameter beside what moving it does to the output."""

    advice = (
        "Follow the named parameter from the layer's forward pass: its result must be computed by "
        "operations that your automatic differentiation records."
    )

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        rows = _rows(results[0])
        greatest = max((effect for _, _, _, effect in rows), default=0.0)
        top = max((gradient or 0.0 for _, _, gradient, _ in rows), default=0.0)
        relevant = [row for row in rows if row[3] > MATTERS * greatest]
        if not relevant:
            return self.graded(0.0, "The output depends on none of the model's parameters.")
        still = [row for row in relevant if row[2] is None or row[2] <= NOTHING * top]
        weigh = sum(_weight(shape) for _, shape, _, _ in relevant)
        share = 1.0 - sum(_weight(shape) for _, shape, _, _ in still) / weigh
        if any(len(shape) > 1 for _, shape, _, _ in still):
            share *= WITHOUT_A_MATRIX
        example = ""
        if still:
            path, shape, gradient, effect = still[0]
            got = "None" if gradient is None else "0 everywhere"
            example = (
                f"{told(path)} of shape {shape}: its gradient is {got}, but moving it by a tenth "
                f"moves the output by {effect:.3g}."
            )
        names = ", ".join(told(path) for path, *_ in still[:4])
        said = f"; these do not: {names}" if still else ""
        return self.graded(
            share,
            f"{len(relevant) - len(still)} of {len(relevant)} parameters get a gradient{said}.",
            example=example,
            figures={"n": len(relevant), "without_gradient": len(still)},
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


def _rows(result: JobResult) -> list[tuple[str, list, float | None, float]]:
    """(path, shape, greatest gradient or None, effect), checked."""
    names = ("paths", "shapes", "gradients", "effects")
    columns = [listed(result.values, name) for name in names]
    if len({len(column) for column in columns}) != 1:
        raise Malformed("the lists of parameters differ in length")
    rows = []
    for path, shape, gradient, effect in zip(*columns, strict=True):
        sound = isinstance(effect, int | float) and isinstance(shape, list)
        if not sound or not (gradient is None or isinstance(gradient, int | float)):
            raise Malformed("a parameter's figures are no numbers")
        rows.append((str(path), shape, gradient, float(effect)))
    return rows


def _weight(shape: list) -> float:
    return 1.0 if len(shape) > 1 else BIAS_WEIGHT
