"""How often a model with the student's own weights is right on images that nobody trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tasks.assess.datasets import images_of
from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.intervals import against, wilson
from tasks.assess.probes.model_probe import Malformed, ModelProbe, array
from tasks.assess.results import Outcome, ProbeResult

CLASSES = 10
CHANCE = 1 / CLASSES
# A grey level of noise on each pixel, so that no list of known test images helps.
NOISE = 1 / 255
# With fewer images the interval says nothing.
FEWEST = 100


@dataclass(frozen=True)
class LabelledJob(Job):
    """A job on images whose labels stay outside the sandbox."""

    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))


class Accuracy(ModelProbe):
    """A random part of a test set through the student's layers.

    Args:
        model: the builder's name.
        dataset: of `datasets.DATASETS`.
        threshold: the share of right answers asked for.
        n: images; fewer are judged where the time is over before.
    """

    advice = (
        "Train longer or with a better network, save the weights as plain arrays, and check that "
        "images from 0 to 1 are scaled inside the model as they were in training."
    )

    def __init__(
        self,
        name: str,
        milestone: int,
        model: str,
        dataset: str,
        threshold: float,
        n: int,
        batch: int,
        seconds: float,
    ) -> None:
        self.name, self.milestones, self.public = name, (milestone,), True
        self.model, self.dataset, self.threshold = model, dataset, threshold
        self.n, self.batch, self.seconds = n, batch, seconds

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        chosen = images_of(self.dataset, "test").subset(rng, self.n)
        images = as_input(chosen.images)
        images = np.clip(images + NOISE * rng.standard_normal(images.shape), 0, 1)
        params = {"model": self.model, "batch": self.batch}
        params["seconds"] = self.working_seconds
        given = {"images": images.astype(np.float32)}
        return [LabelledJob("model_predict", params, given, chosen.labels)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        labels = labels_of(jobs[0])
        scores = array(results[0], "scores", None, CLASSES)
        n = len(scores)
        if not 0 < n <= len(labels):
            raise Malformed(f"{n} rows of scores for {len(labels)} images")
        right = right_answers(scores, labels[:n])
        low, high = wilson(right, n)
        figures = {
            "n": n,
            "right": right,
            "accuracy": round(right / n, 4),
            "interval": [round(low, 4), round(high, 4)],
            "threshold": self.threshold,
            "weights": str(results[0].values.get("weights", "")),
        }
        if n < min(FEWEST, len(labels)):
            return self.result(
                Outcome.NOT_GRADABLE,
                None,
                f"Only {n} of {len(labels)} images were done in {self.working_seconds:.0f} s.",
                next_step="Make the forward pass faster: replace loops over pixels by products.",
                figures=figures,
            )
        outcome = against(self.threshold, low, high)
        share = (right / n - CHANCE) / (self.threshold - CHANCE)
        said = {
            Outcome.PASSED: "reaches",
            Outcome.FAILED: "does not reach",
            Outcome.BORDERLINE: "is too close to call against",
        }[outcome]
        return self.result(
            outcome,
            1.0 if outcome is Outcome.PASSED else share,
            f"{100 * right / n:.1f} % of {n} test images are right (95 % interval "
            f"{100 * low:.1f} to {100 * high:.1f} %), which {said} {100 * self.threshold:.0f} %.",
            figures=figures,
        )


def as_input(images: np.ndarray) -> np.ndarray:
    """uint8 (n, h, w) or (n, h, w, 3) as float32 (n, channels, h, w) from 0 to 1."""
    planes = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return (planes / np.float32(255)).astype(np.float32)


def labels_of(job: Job) -> np.ndarray:
    """The labels that stayed here.

    Raises:
        TypeError: the job is not this module's.
    """
    if not isinstance(job, LabelledJob):
        raise TypeError("the job has lost its labels")
    return job.labels


def right_answers(scores: np.ndarray, labels: np.ndarray) -> int:
    """Rows whose highest score is the label's; NaN, or no single highest score, is wrong."""
    highest = scores == scores.max(axis=1, keepdims=True)
    decided = np.isfinite(scores).all(axis=1) & (highest.sum(axis=1) == 1)
    return int((decided & (scores.argmax(axis=1) == labels)).sum())
