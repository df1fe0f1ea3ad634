"""Whether the same question has the same answer: again, in another batch, after others."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.accuracy import CLASSES
from tasks.assess.probes.model_probe import ModelProbe, array
from tasks.assess.results import ProbeResult

IMAGES = 12
# Of the largest score: float32 products of another size differ in the last digits.
ROUNDING = 1e-4


class _SameScores(ModelProbe):
    """Compares two arrays of scores of the same images."""

    milestones = (4,)
    seconds = 30.0
    agree, differ = "", ""

    def same(self, one: np.ndarray, other: np.ndarray) -> ProbeResult:
        if not np.isfinite(one).all():
            return self.graded(0.0, "The scores are not finite numbers.")
        scale = max(float(np.abs(one).max()), 1e-12)
        error = float(np.abs(one - other).max(initial=0.0) / scale)
        row = int(np.abs(one - other).max(axis=1).argmax())
        figures = {"n": len(one), "largest_difference": float(f"{error:.3g}")}
        if error <= ROUNDING:
            return self.graded(1.0, f"{self.agree} ({len(one)} images).", figures=figures)
        example = f"Image {row}: first {_shown(one[row])}, then {_shown(other[row])}."
        return self.graded(
            0.0, f"{self.differ} ({len(one)} images).", example=example, figures=figures
        )


class DeterministicRuns(_SameScores):
    """Two builds of the model, the same images."""

    name = "deterministic_runs"
    public = True
    agree = "Two builds of the model give the same scores"
    differ = "Two builds of the model give different scores for the same images"
    advice = "Switch off what is random in eval(), and load the same weights at every build."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [_predict(random_images(rng), IMAGES)] * 2

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        one, other = (array(result, "scores", IMAGES, CLASSES) for result in results)
        return self.same(one, other)


class NoHiddenState(_SameScores):
    """The first images once more after others."""

    name = "no_hidden_state"
    public = False
    agree = "Images get the same scores again after others were seen"
    differ = "Images get other scores after others were seen"
    advice = "In eval() a forward pass must not change the model, running means least of all."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [_predict(random_images(rng), IMAGES // 3, again=True)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        first = array(results[0], "scores", IMAGES, CLASSES)[: IMAGES // 3]
        return self.same(first, array(results[0], "again", IMAGES // 3, CLASSES))


class BatchSizeIndependence(_SameScores):
    """One by one, and all in one batch."""

    name = "batch_size_independence"
    public = False
    agree = "An image gets the same scores alone and in a batch"
    differ = "An image gets other scores in a batch than alone"
    advice = "In eval() batch normalisation must use its running figures, not the batch's."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        images = random_images(rng)
        return [_predict(images, 1), _predict(images, IMAGES)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        one, other = (array(result, "scores", IMAGES, CLASSES) for result in results)
        return self.same(one, other)


def random_images(rng: np.random.Generator) -> np.ndarray:
    """Float32 (IMAGES, 3, 32, 32) from 0 to 1; what they show does not matter here."""
    return rng.random((IMAGES, 3, 32, 32)).astype(np.float32)


def _predict(images: np.ndarray, batch: int, again: bool = False) -> Job:
    params = {"model": "cifar_cnn", "batch": batch, "seconds": 30.0, "again": again}
    return Job("model_predict", params, {"images": images})


def _shown(scores: np.ndarray) -> str:
    return "[" + ", ".join(f"{score:.4g}" for score in scores[:3]) + ", …]"
