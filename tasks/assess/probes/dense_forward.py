"""A fully connected layer computes x W + b."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import dense_spec, numbers, weights_for
from tasks.assess.probes.layer_cases import forward_finding, forward_job


class DenseForward(CaseProbe):
    """Eight random shapes; the first is small enough to read."""

    name: ClassVar[str] = "dense_forward"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Compute x @ W + b for a batch of rows and compare shapes at each step."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for rows, inputs, outputs in [(1, 2, 3), *self._shapes(rng)]:
            spec = dense_spec(inputs, outputs)
            arrays = weights_for(rng, [spec])
            jobs.append(forward_job(spec, arrays, numbers(rng, rows, inputs)))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return [forward_finding(job, result, "dense forward")]

    def _shapes(self, rng: np.random.Generator) -> list[tuple[int, int, int]]:
        # Inputs and outputs differ, so that a transposed weight shows.
        return [
            (int(rng.integers(1, 9)), int(rng.integers(2, 12)), int(rng.integers(12, 20)))
            for _ in range(7)
        ]
