"""Layers in a row compute what they should together."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding, present
from tasks.assess.probes.cases import dense_spec, numbers
from tasks.assess.probes.network_cases import network_findings, network_job

CONTAINER = "container"


class SequentialForward(CaseProbe):
    """Networks of two to four dense layers with activations between them."""

    name: ClassVar[str] = "sequential_forward"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Run the layers of a small network one at a time and compare."
    weights: ClassVar[dict[str, float]] = {"network output": 0.8, CONTAINER: 0.2}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for depth in (2, 2, 3, 4):
            sizes = [int(size) for size in rng.permutation(np.arange(2, 12))[: depth + 1]]
            specs = []
            for number in range(depth):
                specs.append(dense_spec(sizes[number], sizes[number + 1], str(number)))
                role = "relu" if len(jobs) < 2 else str(rng.choice(["sigmoid", "tanh"]))
                specs.append({"role": role})
            jobs.append(network_job(rng, specs[:-1], numbers(rng, 3, sizes[0])))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        held = bool(result.values.get("container"))
        says = "" if held else "no container such as Sequential holds the layers"
        return [
            *network_findings(job, result, "network output"),
            Finding(CONTAINER, float(held), says),
        ]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        return present(list(zip(jobs, results, strict=True)))
