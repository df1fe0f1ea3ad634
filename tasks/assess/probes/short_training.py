"""Whether the student's network learns CIFAR-10 when the student's own code trains it."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.datasets import images_of
from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.accuracy import (
    CHANCE,
    CLASSES,
    LabelledJob,
    as_input,
    labels_of,
    right_answers,
)
from tasks.assess.probes.intervals import against, wilson
from tasks.assess.probes.model_probe import ModelProbe, array
from tasks.assess.results import Outcome, ProbeResult

TRAINING, UNSEEN = 960, 400
BATCH, STEPS = 32, 30
# One and a half times chance; so few steps give a working network about twice chance and more.
THRESHOLD = 0.15


class Cifar10ShortTraining(ModelProbe):
    """A fresh network, some steps under a time budget, then images that it has not seen.

    The same number of steps for all, so that a busy machine does not change a grade; who cannot do
    them in the time is not gradable.
    """

    name = "cifar10_short_training"
    milestones = (3,)
    public = False
    seconds = 120.0
    dataset = "cifar10"
    advice = (
        "Train on a few batches by hand and watch the loss: it should fall within 50 steps. Then "
        "look for parameters without a gradient, and for loops that make a step slow."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        seen = images_of(self.dataset, "train").subset(rng, TRAINING)
        unseen = images_of(self.dataset, "test").subset(rng, UNSEEN)
        params = {
            "model": "cifar_cnn",
            "batch": BATCH,
            "steps": STEPS,
            "seconds": self.working_seconds,
            "seed": int(rng.integers(2**31)),
        }
        arrays = {
            "images": as_input(seen.images),
            "labels": seen.labels.astype(np.int64),
            "unseen": as_input(unseen.images),
        }
        return [LabelledJob("model_training", params, arrays, unseen.labels)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        labels = labels_of(jobs[0])
        scores = array(results[0], "scores", None, CLASSES)[: len(labels)]
        losses = array(results[0], "losses", None)
        n = len(scores)
        right = right_answers(scores, labels[:n])
        low, high = wilson(right, n)
        outcome = against(THRESHOLD, low, high)
        if outcome is not Outcome.PASSED and 0 < len(losses) < STEPS:
            return self.result(
                Outcome.NOT_GRADABLE,
                None,
                f"Only {len(losses)} of {STEPS} steps of training were done in "
                f"{self.working_seconds:.0f} s, too few to judge.",
                figures={"steps": len(losses), "n": n, "right": right},
            )
        share = (right / n - CHANCE) / (THRESHOLD - CHANCE)
        steps = f" after {len(losses)} steps" if len(losses) else ""
        course = f" The loss went from {losses[0]:.2f} to {losses[-1]:.2f}." if len(losses) else ""
        return self.result(
            outcome,
            1.0 if outcome is Outcome.PASSED else share,
            f"Trained by your own code{steps}, the network is right on {100 * right / n:.1f} % of "
            f"{n} unseen images (95 % interval {100 * low:.1f} to {100 * high:.1f} %; chance is "
            f"{100 * CHANCE:.0f} %, {100 * THRESHOLD:.0f} % are asked for).{course}",
            figures={
                "n": n,
                "right": right,
                "interval": [round(low, 4), round(high, 4)],
                "threshold": THRESHOLD,
                "steps": len(losses),
                "how": str(results[0].values.get("how", "")),
            },
        )
