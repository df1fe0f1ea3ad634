"""The course of training is that of gradient descent, and rates matter."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers, weights_for
from tasks.assess.probes.compare import close, shown
from tasks.assess.probes.network_cases import without_missing_biases
from tasks.assess.probes.training_cases import clouds, perceptron, train_job, why_not
from tasks.assess.references.network import descend

RELATIVE = 1e-3
# At ten times so small a rate the loss of plain gradient descent falls more than FASTER times as
# far, whatever was drawn.
RATES = (0.002, 0.02)
FASTER = 3.0


class TrainingDynamics(CaseProbe):
    """The course of training is that of gradient descent, at two rates, and stays finite."""

    name: ClassVar[str] = "training_dynamics"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Clear the gradients before each backward, and pass the learning rate to the step."
    )
    weights: ClassVar[dict[str, float]] = {
        "losses of gradient descent": 0.4,
        "learning rate": 0.3,
        "no NaN": 0.3,
    }

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        specs = perceptron(3, 5, 2)
        arrays = {
            **weights_for(rng, specs),
            "input": numbers(rng, 6, 3),
            "targets": numbers(rng, 6, 2),
        }
        jobs = [
            train_job(specs, arrays, loss="mse", classes=2, rate=rate, steps=8) for rate in RATES
        ]
        x, y = clouds(rng, 12, 3, 3)
        large = {**weights_for(rng, perceptron(3, 5, 3)), "input": 1000 * x, "targets": y}
        return [
            *jobs,
            train_job(
                perceptron(3, 5, 3),
                large,
                loss="cross_entropy",
                classes=3,
                rate=1e-6,
                steps=5,
            ),
        ]

    def all_findings(self, pairs: Sequence[tuple[Job, JobResult]]) -> list[Finding]:
        slow, fast, large = pairs
        return [
            self._course(*slow),
            self._course(*fast),
            self._rates(slow[1], fast[1]),
            self._finite(large[1]),
        ]

    def _course(self, job: Job, result: JobResult) -> Finding:
        aspect, says = "losses of gradient descent", why_not(result)
        if says:
            return Finding(aspect, 0.0, says)
        losses, steps = result.arrays["losses"], job.params["steps"]
        arrays = without_missing_biases(job, result.values.get("biases") or [])
        case = job.params["layers"], arrays, job.arrays["input"], job.arrays["targets"]
        rate = job.params["settings"]["rate"]
        first = descend(*case, rate, 0)[0]
        # A loss that is a factor off is judged elsewhere; here it only scales the rate.
        factor = float(losses[0]) / first
        expected = factor * np.asarray(descend(*case, rate * factor, steps))
        if close(losses, expected, RELATIVE):
            return Finding(aspect, 1.0)
        example = f"losses {shown(losses)}, of gradient descent {shown(expected)}"
        says = "the losses are not those of gradient descent"
        if close(losses[:2], expected[:2], RELATIVE):
            says = "the first step is right, the later ones are not: are gradients cleared?"
        return Finding(aspect, 0.0, says, example, losses.size)

    def _rates(self, slow: JobResult, fast: JobResult) -> Finding:
        aspect, says = "learning rate", why_not(slow) or why_not(fast)
        if says:
            return Finding(aspect, 0.0, says)
        fallen = [float(one.arrays["losses"][0] - one.arrays["losses"][-1]) for one in (slow, fast)]
        if fallen[0] > 0 and fallen[1] > FASTER * fallen[0]:
            return Finding(aspect, 1.0)
        says = f"at ten times the rate the loss falls by {fallen[1]:.3g}, before by {fallen[0]:.3g}"
        return Finding(aspect, 0.0, says)

    def _finite(self, result: JobResult) -> Finding:
        says = why_not(result)
        if not says and not np.all(np.isfinite(result.arrays["losses"])):
            says = "large inputs make the loss NaN or infinite"
        return Finding("no NaN", 0.0 if says else 1.0, says)
