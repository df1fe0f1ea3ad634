"""A convolution layer is exact, and its kernel, bias and input receive their gradients."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import convolution_spec, numbers, weights_for
from tasks.assess.probes.channels import asks_for_a_place, offered_channels, offered_places
from tasks.assess.probes.layer_cases import (
    forward_finding,
    forward_job,
    gradient_findings,
    gradients_job,
)


class ConvolutionForward(CaseProbe):
    """One and many channels; stride and padding count only where the layer takes them."""

    name: ClassVar[str] = "convolution_forward"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Slide one kernel over a 3 by 3 image by hand and compare."
    weights: ClassVar[dict[str, float]] = {"conv2d forward": 0.8, "stride and padding": 0.2}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        cases = [(1, 1, 1, 2, {}), (1, 1, 1, 3, {})]
        for _ in range(5):
            channels, filters = int(rng.integers(2, 4)), int(rng.integers(4, 6))
            cases.append((int(rng.integers(1, 4)), channels, filters, int(rng.integers(2, 4)), {}))
        for place in ({"stride": 2}, {"padding": 1}, {"stride": 2, "padding": 1}):
            cases.append((2, 2, 3, 3, place))
        for images, channels, filters, kernel, place in cases:
            spec = convolution_spec(channels, filters, kernel, **place)
            arrays = weights_for(rng, [spec])
            height, width = kernel + 1, kernel + 1
            if channels > 1:
                height, width = int(rng.integers(6, 9)), int(rng.integers(9, 12))
            jobs.append(forward_job(spec, arrays, numbers(rng, images, channels, height, width)))
        return jobs

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        kept = offered_channels(jobs, results)
        return offered_places(kept)

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        aspect = "stride and padding" if asks_for_a_place(job) else "conv2d forward"
        return [forward_finding(job, result, aspect)]


class ConvolutionGradients(CaseProbe):
    """Against the references and finite differences of the student's own forward."""

    name: ClassVar[str] = "convolution_gradients"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "The kernel must be part of what backward reaches: it is a sum over images and places of "
        "input patch times output gradient."
    )
    weights: ClassVar[dict[str, float]] = {
        "kernel gradient": 0.5,
        "bias gradient": 0.2,
        "input gradient": 0.3,
    }

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [
            gradients_job(rng, convolution_spec(channels, filters, kernel), numbers(rng, *shape))
            for channels, filters, kernel, shape in (
                (1, 1, 2, (1, 1, 3, 3)),
                (2, 3, 3, (2, 2, 5, 6)),
                (3, 4, 2, (1, 3, 4, 5)),
            )
        ]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        return offered_channels(jobs, results)

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        names = {"weight": "kernel gradient", "bias": "bias gradient", "input": "input gradient"}
        return gradient_findings(job, result, names)
