"""Training lowers the loss on a small problem."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.compare import shown
from tasks.assess.probes.training_cases import learnable, perceptron, train_job, why_not

ENOUGH = 0.5


class TrainingLowersLoss(CaseProbe):
    """Separable clouds of points: the loss halves, by SGD and by Adam."""

    name: ClassVar[str] = "training_lowers_loss"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Overfit one small batch first; if its loss stays, look at the gradients."
    )
    weights: ClassVar[dict[str, float]] = {"loss by SGD": 0.6, "loss by Adam": 0.4}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        specs = perceptron(4, 8, 3)
        x, y, weights = learnable(rng, specs)
        for loss in ("cross_entropy", "mse"):
            for optimizer, rate in (("sgd", 0.1), ("adam", 0.05)):
                targets = y if loss == "cross_entropy" else np.eye(3)[y]
                arrays = {**weights, "input": x, "targets": targets}
                jobs.append(
                    train_job(
                        specs,
                        arrays,
                        loss=loss,
                        classes=3,
                        optimizer=optimizer,
                        rate=rate,
                        steps=60,
                    )
                )
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        optimizer = {"sgd": "SGD", "adam": "Adam"}[job.params["optimizer"]]
        aspect, of = f"loss by {optimizer}", job.params["loss"].replace("_", "-")
        says = why_not(result)
        if says:
            return [Finding(aspect, 0.0, f"{of}: {says}")]
        losses = result.arrays["losses"]
        if losses.size != job.params["steps"] + 1 or not np.all(np.isfinite(losses)):
            return [Finding(aspect, 0.0, f"{of}: the loss is not finite", shown(losses))]
        if self._fits_outputs(job, result) and losses[-1] <= ENOUGH * losses[0]:
            return [Finding(aspect, 1.0)]
        says = f"{of}: the loss goes from {losses[0]:.4g} to {losses[-1]:.4g} in 60 steps"
        share = 0.5 if self._fits_outputs(job, result) and losses[-1] < 0.9 * losses[0] else 0.0
        return [Finding(aspect, share, says)]

    def _fits_outputs(self, job: Job, result: JobResult) -> bool:
        """Whether the outputs themselves came nearer: the student's loss alone is only a claim."""
        before, after = (result.arrays.get(f"output_{when}") for when in ("before", "after"))
        rows = len(job.arrays["input"])
        if before is None or after is None or before.shape != (rows, 3) != after.shape:
            return False
        y = job.arrays["targets"]
        classes = y if y.ndim == 1 else y.argmax(axis=1)
        right = [float(np.mean(out.argmax(axis=1) == classes)) for out in (before, after)]
        return right[1] >= max(0.8, right[0])
