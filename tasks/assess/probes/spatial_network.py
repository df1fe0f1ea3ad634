"""A convolutional network computes what its layers do one after the other."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import convolution_spec, dense_spec, numbers
from tasks.assess.probes.channels import offered_channels
from tasks.assess.probes.network_cases import network_findings, network_job


class SpatialNetwork(CaseProbe):
    """Convolution, ReLU, max pooling, flatten and dense in a row."""

    name: ClassVar[str] = "spatial_network"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = "Print the shape after each layer, and compare a tiny image by hand."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for images, channels, filters, size in ((1, 1, 1, 7), (2, 2, 3, 9), (3, 3, 4, 8)):
            pooled = (size - 2) // 2
            specs = [
                convolution_spec(channels, filters, 3, "0"),
                {"role": "relu"},
                {"role": "max_pool", "kernel": 2},
                {"role": "flatten"},
                dense_spec(filters * pooled * pooled, 5, "1"),
            ]
            jobs.append(network_job(rng, specs, numbers(rng, images, channels, size, size)))
        return jobs

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        """Frameworks of one channel are judged on one channel."""
        return offered_channels(jobs, results)

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return network_findings(job, result, "convolutional network")
