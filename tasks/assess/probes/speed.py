"""Timings as ratios: the student's layers beside plain numpy in the same run."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.accuracy import as_input
from tasks.assess.probes.model_probe import Malformed, ModelProbe, between, number
from tasks.assess.references.convolution import convolve
from tasks.assess.results import Outcome, ProbeResult

REPEATS, BUDGET = 7, 15.0
# So many times the product's seconds still count as fast.
FAST = 3.0
# A dense layer in Python loops is hundreds of times slower than a product.
SLOW_PRODUCT = 100.0
TOLERANCE = 1e-3


class ConvolutionSpeed(ModelProbe):
    """Full marks near one matrix product, none at loops over pixels; wrong results earn nothing."""

    name = "convolution_speed"
    milestones = (4,)
    public = False
    advice = "Gather all windows side by side (im2col) and multiply once by the kernels."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        arrays = {
            "images": rng.standard_normal((16, 8, 16, 16)).astype(np.float32),
            "weight": rng.standard_normal((16, 8, 3, 3)).astype(np.float32),
            "bias": rng.standard_normal(16).astype(np.float32),
        }
        return [Job("convolution_speed", {"repeats": REPEATS, "seconds": BUDGET}, arrays)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        given = jobs[0].arrays
        expected = convolve(given["images"], given["weight"], given["bias"])
        if (wrong := _wrong(self, results[0], expected)) is not None:
            return wrong
        student, product, loops = _seconds(results[0], "student", "product", "loops")
        share = between(student / product, FAST, max(loops / product, 2 * FAST))
        return self.graded(
            share,
            f"Your convolution takes {student / product:.1f} times as long as one matrix product; "
            f"loops over pixels take {loops / product:.0f} times as long.",
            figures=_figures(student, product) | {"loops_ratio": round(loops / product, 1)},
        )


class MatrixSpeed(ModelProbe):
    """Full marks near numpy's own product."""

    name = "matmul_speed"
    milestones = (4,)
    public = False
    advice = "Let numpy multiply whole matrices; keep arrays in one precision and do not copy them."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        arrays = {
            "rows": rng.standard_normal((256, 384)).astype(np.float32),
            "weight": rng.standard_normal((384, 256)).astype(np.float32),
            "bias": rng.standard_normal(256).astype(np.float32),
        }
        return [Job("matrix_speed", {"repeats": 3 * REPEATS, "seconds": BUDGET}, arrays)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        given = {name: value.astype(np.float64) for name, value in jobs[0].arrays.items()}
        expected = given["rows"] @ given["weight"] + given["bias"]
        if (wrong := _wrong(self, results[0], expected)) is not None:
            return wrong
        student, product = _seconds(results[0], "student", "product")
        return self.graded(
            between(student / product, FAST, SLOW_PRODUCT),
            f"Your dense layer takes {student / product:.1f} times as long as numpy's product of "
            f"the same matrices ({FAST:.0f} times or less are asked for).",
            figures=_figures(student, product),
        )


class BatchedInferenceSpeed(ModelProbe):
    """Full marks where a batch is not slower than its images one by one."""

    name = "batched_inference_speed"
    milestones = (4,)
    public = True
    advice = "Take a whole batch (n, channels, height, width) through every layer at once."
    full, none = 1.3, 4.0
    only_single = 0.3

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        images = as_input(rng.integers(0, 256, (16, 32, 32, 3)).astype(np.uint8))
        params = {"model": "cifar_cnn", "repeats": 3, "seconds": BUDGET}
        return [Job("prediction_speed", params, {"images": images})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        together, single = _seconds(results[0], "together", "single")
        if results[0].values.get("one_by_one") is True:
            return self.result(
                Outcome.FAILED,
                self.only_single,
                "The model takes one image at a time.",
                figures=_figures(together, single),
            )
        return self.graded(
            between(together / single, self.full, self.none),
            f"16 images in one batch take {together / single:.2f} times as long as one by one "
            f"({self.full} times or less are asked for).",
            figures=_figures(together, single),
        )


class ActivationMemory(ModelProbe):
    """The peak of new memory in a forward pass, beside the images' own size."""

    name = "activation_memory"
    milestones = (2,)
    public = False
    advice = (
        "Do not keep what the backward pass does not need, and do not turn images into doubles."
    )
    # Windows side by side take about 10 times the images, each activation about 7.
    full, none = 200.0, 2000.0

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        images = as_input(rng.integers(0, 256, (16, 28, 28)).astype(np.uint8))
        params = {"model": "mnist_cnn", "repeats": 1, "seconds": BUDGET}
        return [Job("prediction_speed", params, {"images": images})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        peak, size = number(results[0].values, "peak_bytes"), jobs[0].arrays["images"].nbytes
        if peak <= 0:
            raise Malformed("no memory was used")
        return self.graded(
            between(peak / size, self.full, self.none),
            f"A forward pass takes {peak / size:.0f} times the images' own memory "
            f"({self.full:.0f} times or less are asked for).",
            figures={"peak_mb": round(peak / 1e6, 2), "ratio": round(peak / size, 1), "n": 16},
        )


def _wrong(probe: ModelProbe, result: JobResult, expected: np.ndarray) -> ProbeResult | None:
    """Share 0 where the timed result is not right."""
    output = result.arrays.get("output")
    scale = np.abs(expected).max()
    if output is not None and output.shape == expected.shape:
        error = np.abs(output - expected).max() / scale
        if error < TOLERANCE:
            return None
        said = f"its result is wrong by up to {100 * error:.2g} % of the largest value"
    else:
        said = f"its result has the shape {None if output is None else list(output.shape)}"
    return probe.graded(0.0, f"The layer was timed, but {said}.")


def _seconds(result: JobResult, *names: str) -> list[float]:
    taken = [number(result.values, name) for name in names]
    if min(taken) <= 0:
        raise Malformed("a duration is not positive")
    return taken


def _figures(student: float, reference: float) -> dict[str, float]:
    return {
        "seconds": float(f"{student:.3g}"),
        "reference_seconds": float(f"{reference:.3g}"),
        "ratio": round(student / reference, 2),
    }
