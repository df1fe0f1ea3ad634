"""Dense layers and activations send their gradients back."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import away_from_zero, dense_spec, numbers
from tasks.assess.probes.layer_cases import gradient_findings, gradients_job

ACTIVATIONS = ("relu", "sigmoid", "tanh")


class LayerGradients(CaseProbe):
    """Against the references and finite differences of the student's own forward."""

    name: ClassVar[str] = "layer_gradients"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Check one gradient by finite differences: (loss(w + h) - loss(w - h)) / 2h."
    )
    weights: ClassVar[dict[str, float]] = {"weight gradient": 2.0}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        dense = [
            gradients_job(rng, dense_spec(inputs, outputs), numbers(rng, rows, inputs))
            for rows, inputs, outputs in ((1, 2, 3), (4, 5, 3), (6, 3, 7))
        ]
        shapes = ((1, 3), (4, 5))
        activations = [
            gradients_job(rng, {"role": role}, away_from_zero(rng, *shape))
            for role in ACTIVATIONS
            for shape in shapes
        ]
        return dense + activations

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        role = job.params["layer"]["role"]
        names = {"weight": "weight gradient", "bias": "bias gradient", "input": "input gradient"}
        if role != "dense":
            names = {"input": f"{role} gradient"}
        return gradient_findings(job, result, names)
