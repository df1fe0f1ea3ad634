"""Pooling takes the maximum or mean of each window, and sends gradients back."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding, is_missing
from tasks.assess.probes.cases import all_different
from tasks.assess.probes.channels import offered_places
from tasks.assess.probes.layer_cases import (
    forward_finding,
    forward_job,
    gradient_findings,
    gradients_job,
)

NAMES = {"max_pool": "max pooling", "average_pool": "average pooling"}


class PoolingForward(CaseProbe):
    """Max pooling; average pooling and overlapping windows count only where they are there."""

    name: ClassVar[str] = "pooling_forward"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Pool a 4 by 4 image with windows of 2 by hand and compare."
    weights: ClassVar[dict[str, float]] = {"max pooling": 0.8, "average pooling": 0.2}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for role in NAMES:
            for kernel, stride, shape in (
                (2, 2, (1, 1, 4, 4)),
                (2, 2, (2, 3, 6, 8)),
                (3, 3, (3, 2, 9, 6)),
                (2, 2, (2, 3, 5, 7)),
                (3, 2, (2, 3, 7, 9)),
            ):
                spec = {"role": role, "kernel": kernel, "stride": stride}
                jobs.append(forward_job(spec, {}, all_different(rng, *shape)))
        return jobs

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        return _without_absent_average(offered_places(list(zip(jobs, results, strict=True))))

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return [forward_finding(job, result, NAMES[job.params["layer"]["role"]])]


class PoolingGradients(CaseProbe):
    """A maximum's gradient goes to the place of the maximum, a mean's to all places alike."""

    name: ClassVar[str] = "pooling_gradients"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = "Remember where each window's maximum was, and send the gradient there."
    weights: ClassVar[dict[str, float]] = {
        "max pooling input gradient": 0.8,
        "average pooling input gradient": 0.2,
    }

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [
            gradients_job(rng, {"role": role, "kernel": 2, "stride": 2}, all_different(rng, *shape))
            for role in NAMES
            for shape in ((1, 1, 4, 4), (2, 3, 4, 6))
        ]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        return _without_absent_average(list(zip(jobs, results, strict=True)))

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        name = f"{NAMES[job.params['layer']['role']]} input gradient"
        return gradient_findings(job, result, {"input": name})


def _without_absent_average(
    pairs: list[tuple[Job, JobResult]],
) -> list[tuple[Job, JobResult]]:
    return [
        (job, result)
        for job, result in pairs
        if job.params["layer"]["role"] == "max_pool" or not is_missing(result)
    ]
