"""Every parameter receives a gradient and moves."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import convolution_spec, dense_spec, numbers, weights_for
from tasks.assess.probes.channels import offered_channels
from tasks.assess.probes.training_cases import MOST_DRAWS, perceptron, train_job, why_not
from tasks.assess.references.network import squared_error_gradients


class EveryParameterLearns(CaseProbe):
    """A few steps of SGD: every parameter has a gradient and moves."""

    name: ClassVar[str] = "every_parameter_learns"
    milestones: ClassVar[tuple[int, ...]] = (2, 3)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Print the gradient of each parameter after backward; where it is None, the operation "
        "before it does not pass gradients on, or the parameter is no tensor with gradients."
    )
    weights: ClassVar[dict[str, float]] = {"dense parameters": 0.5, "convolution parameters": 0.5}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for channels, filters in ((1, 1), (2, 3)):
            specs = [
                convolution_spec(channels, filters, 2, "0"),
                {"role": "relu"},
                {"role": "flatten"},
                dense_spec(filters * 9, 2, "1"),
            ]
            rows = 1 if channels == 1 else 3
            jobs.append(self._job(rng, specs, (rows, channels, 4, 4)))
        return [*jobs, self._job(rng, perceptron(4, 6, 2), (5, 4))]

    def _job(
        self, rng: np.random.Generator, specs: list[dict[str, Any]], shape: tuple[int, ...]
    ) -> Job:
        """A draw in which every array has a gradient: a ReLU that never fires would stop it."""
        rows = shape[0]
        for _ in range(MOST_DRAWS):
            weights, x = weights_for(rng, specs), numbers(rng, *shape)
            targets = numbers(rng, rows, 2)
            _, gradients = squared_error_gradients(specs, weights, x, targets)
            if all(np.max(np.abs(gradient)) > 0.01 for gradient in gradients.values()):
                break
        return train_job(
            specs,
            {**weights, "input": x, "targets": targets},
            **{"loss": "mse", "classes": 2, "rate": 0.05, "steps": 3, "output_shape": [rows, 2]},
        )

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        images = offered_channels(jobs[:2], results[:2])
        return [*images, (jobs[2], results[2])]

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        convolutional = job.params["layers"][0]["role"] == "conv2d"
        aspect = f"{'convolution' if convolutional else 'dense'} parameters"
        says = why_not(result)
        if says:
            return [Finding(aspect, 0.0, says)]
        names, changes = result.values.get("names") or [], result.arrays["changes"].tolist()
        received = result.values.get("received") or []
        expected = len([spec for spec in job.params["layers"] if "weight" in spec])
        if len(names) < expected:
            return [Finding(aspect, 0.0, f"only {len(names)} learnt arrays were found")]
        at_once = result.values.get("stepped_by") == "the layers"
        found = []
        for name, change, has in zip(names, changes, received, strict=True):
            wrong = "" if has or at_once else f"{name} receives no gradient"
            if not wrong and not change > 0:
                wrong = f"{name} does not move"
            if convolutional and not self._is_of_convolution(str(name), names, job):
                continue
            found.append(Finding(aspect, 0.0 if wrong else 1.0, wrong))
        return found

    def _is_of_convolution(self, name: str, names: list, job: Job) -> bool:
        """The first layer's arrays: the dense ones are judged by the network of dense layers."""
        last = 2 if len(names) > 2 else 1
        return name not in [str(one) for one in names[-last:]]
