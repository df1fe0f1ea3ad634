"""Seeds repeat a training."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.compare import shown
from tasks.assess.probes.training_cases import clouds, own_weights, perceptron, train_job, why_not

SAME, OTHER = "same seed, same run", "another seed, another run"


class TrainingRepeatable(CaseProbe):
    """The same seed gives the same run, another seed another."""

    name: ClassVar[str] = "training_repeatable"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Draw all first weights from np.random (or a generator that the seed reaches)."
    )

    weights: ClassVar[dict[str, float]] = {SAME: 0.7, OTHER: 0.3}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        x, y = clouds(rng, 12, 4, 3)
        arrays = {"input": x, "targets": np.eye(3)[y]}
        first, second = (int(seed) for seed in rng.integers(1, 10_000, size=2))
        return [
            train_job(
                own_weights(perceptron(4, 6, 3), seed),
                arrays,
                **{"loss": "mse", "classes": 3, "rate": 0.05, "steps": 5, "seed": seed},
            )
            for seed in (first, first, second + 10_000)
        ]

    def all_findings(self, pairs: Sequence[tuple[Job, JobResult]]) -> list[Finding]:
        says = next((why for _, result in pairs if (why := why_not(result))), "")
        if says:
            return [Finding(SAME, 0.0, says)]
        first, again, other = (result.arrays["losses"] for _, result in pairs)
        found = []
        if np.array_equal(first, again):
            found.append(Finding(SAME, 1.0))
        else:
            example = f"losses {shown(first)}, again {shown(again)}"
            found.append(Finding(SAME, 0.0, "two runs of one seed differ", example, first.size))
        if np.array_equal(first, other):
            found.append(Finding(OTHER, 0.0, "another seed changes nothing"))
        else:
            found.append(Finding(OTHER, 1.0))
        return found
