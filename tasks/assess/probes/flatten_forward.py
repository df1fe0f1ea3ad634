"""Flatten keeps the batch and puts the rest into one row, in order."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers
from tasks.assess.probes.layer_cases import forward_finding, forward_job


class FlattenForward(CaseProbe):
    """Batches of images, and a batch of one."""

    name: ClassVar[str] = "flatten_forward"
    milestones: ClassVar[tuple[int, ...]] = (2,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Keep the first axis: reshape to (batch, everything else)."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        shapes = ((1, 2, 2, 3), (2, 3, 4, 5), (4, 1, 3, 3), (3, 2, 4))
        return [forward_job({"role": "flatten"}, {}, numbers(rng, *shape)) for shape in shapes]

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return [forward_finding(job, result, "flatten")]
