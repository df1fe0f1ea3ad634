"""How many numbers a convolutional network learns, beside a dense one for the same images."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.model_probe import ModelProbe, listed
from tasks.assess.results import ProbeResult

# Two dense layers with 128 hidden units, the usual first network for MNIST.
DENSE = 784 * 128 + 128 + 128 * 10 + 10
FULL_SHARE, NO_SHARE = 0.5, 1.0  # of DENSE
LARGEST_KERNEL = 11


class CnnParameterEfficiency(ModelProbe):
    """Full marks at half of the dense network's parameters or fewer, none at as many."""

    name = "cnn_parameter_efficiency"
    milestones = (2,)
    public = True
    seconds = 20.0
    advice = (
        "Let pooling make the feature maps small before the first dense layer: it usually holds "
        "most of the parameters."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("model_parameters", {"model": "mnist_cnn"})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        shapes = [
            [int(length) for length in shape]
            for shape in listed(results[0].values, "shapes")
            if isinstance(shape, list) and all(isinstance(length, int) for length in shape)
        ]
        kernels = [shape for shape in shapes if _is_kernel(shape)]
        total = sum(int(np.prod(shape)) for shape in shapes)
        figures = {"parameters": total, "dense": DENSE, "kernels": len(kernels)}
        if not kernels:
            return self.graded(
                0.0,
                f"The network learns {total:,} numbers, but none of them is a convolution's "
                "kernel: it is a dense network.",
                figures=figures,
            )
        ratio = total / DENSE
        return self.graded(
            (NO_SHARE - ratio) / (NO_SHARE - FULL_SHARE),
            f"The network learns {total:,} numbers, {100 * ratio:.0f} % of the {DENSE:,} of a "
            f"dense network with 128 hidden units ({100 * FULL_SHARE:.0f} % or less are asked "
            "for).",
            figures=figures,
        )


def _is_kernel(shape: list[int]) -> bool:
    """(out, in, height, width) in any order of the first and last two, or one small plane."""
    if len(shape) == 4:
        return max(shape[-2:]) <= LARGEST_KERNEL or max(shape[:2]) <= LARGEST_KERNEL
    return len(shape) == 2 and 1 < shape[0] == shape[1] <= LARGEST_KERNEL - 4
