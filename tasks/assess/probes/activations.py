"""ReLU, Sigmoid, Tanh and Softmax give what their formulas say."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers
from tasks.assess.probes.layer_cases import forward_finding, forward_job

ROLES = ("relu", "sigmoid", "tanh", "softmax")
LARGE = 800.0


class Activations(CaseProbe):
    """Each on three random inputs."""

    name: ClassVar[str] = "activations"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Compare each activation with its formula; softmax sums to 1 in a row."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        shapes = [(1, 3), (4, 5), (6, int(rng.integers(2, 9)))]
        inputs = [numbers(rng, *shape, scale=2.0) for shape in shapes]
        return [forward_job({"role": role}, {}, x) for role in ROLES for x in inputs]

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return [forward_finding(job, result, job.params["layer"]["role"])]


class ActivationStability(CaseProbe):
    """Inputs so large that exp overflows where it is used plainly."""

    name: ClassVar[str] = "activation_stability"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Subtract a row's maximum before exp in softmax, and keep exp's argument at or below 0."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        x = np.array([[-LARGE, 0.0, LARGE], [LARGE, LARGE - 1.0, 1.0]])
        return [
            forward_job({"role": role}, {}, x + numbers(rng, 2, 3))
            for role in ("sigmoid", "tanh", "softmax")
        ]

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return [forward_finding(job, result, f"{job.params['layer']['role']} of large numbers")]
