"""The gradient of a whole network's loss, in every parameter."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding, present
from tasks.assess.probes.cases import dense_spec, numbers, weights_for
from tasks.assess.probes.compare import NEARBY, close, constant_factor, shown, wrongness
from tasks.assess.probes.network_cases import without_missing_biases
from tasks.assess.references.network import network_output, squared_error_gradients

STEP = 0.01
RELATIVE = 1e-3
OWN_FORWARD = 0.5
CONSTANT_FACTOR = 0.25


class EndToEndGradient(CaseProbe):
    """Mean squared error through dense layers with smooth activations and with ReLU."""

    name: ClassVar[str] = "end_to_end_gradient"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Check the gradient of the first layer's weight by finite differences of the loss."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [
            gradients_of_network(rng, self._layers(sizes, activation), (rows, sizes[0]))
            for rows, sizes, activation in (
                (1, (2, 3, 1), "tanh"),
                (5, (4, 6, 5, 3), "sigmoid"),
                (6, (5, 8, 2), "relu"),
            )
        ]

    def _layers(self, sizes: tuple[int, ...], activation: str) -> list[dict[str, Any]]:
        specs: list[dict[str, Any]] = []
        for number in range(len(sizes) - 1):
            specs.append(dense_spec(sizes[number], sizes[number + 1], str(number)))
            specs.append({"role": activation})
        return specs[:-1]

    def relevant(
        self, jobs: Sequence[Job], results: Sequence[JobResult]
    ) -> list[tuple[Job, JobResult]]:
        return present(list(zip(jobs, results, strict=True)))

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        return network_gradient_findings(job, result)


def gradients_of_network(
    rng: np.random.Generator, specs: list[dict[str, Any]], shape: tuple[int, ...]
) -> Job:
    """Ask for the gradients of a mean squared error."""
    arrays, x = weights_for(rng, specs), numbers(rng, *shape)
    targets = numbers(rng, *network_output(specs, arrays, x).shape)
    directions = {f"direction_{name}": numbers(rng, *a.shape) for name, a in arrays.items()}
    params = {
        **{"layers": specs, "loss": "mse", "step": STEP},
        **{"classes": targets.shape[-1], "output_shape": list(targets.shape)},
    }
    return Job(
        "network_gradients", params, {**arrays, **directions, "input": x, "targets": targets}
    )


def network_gradient_findings(job: Job, result: JobResult) -> list[Finding]:
    """One finding a parameter."""
    names = [
        (number, role, spec[role])
        for number, spec in enumerate(job.params["layers"])
        for role in ("weight", "bias")
        if role in spec
    ]
    biases = result.values.get("biases") or []
    titles = {
        name: f"{role} gradient of layer {number + 1}"
        for number, role, name in names
        if role == "weight" or number >= len(biases) or biases[number]
    }
    says = _nothing_came(result)
    if says:
        return [Finding(title, 0.0, says) for title in titles.values()]
    arrays = without_missing_biases(job, biases)
    x, targets = job.arrays["input"], job.arrays["targets"]
    _, expected = squared_error_gradients(job.params["layers"], arrays, x, targets)
    found = []
    for name, title in titles.items():
        gradient = result.arrays.get(f"gradient_{name}")
        if gradient is not None and gradient.size == expected[name].size:
            gradient = gradient.reshape(expected[name].shape)
        found.append(_finding(job, result, name, title, gradient, expected[name]))
    return found


def _nothing_came(result: JobResult) -> str:
    if result.values.get("found") is False:
        return f"{result.values.get('looked_for')} was not found"
    if result.status == "raised":
        return f"raised {result.error}"
    if result.values.get("offered") is False:
        return f"not offered ({result.values.get('reason')})"
    if not result.values.get("ran"):
        return f"no backward ran ({'; '.join(str(p) for p in result.values.get('problems') or [])})"
    return ""


def _finding(
    job: Job,
    result: JobResult,
    name: str,
    title: str,
    gradient: np.ndarray | None,
    expected: np.ndarray,
) -> Finding:
    if close(gradient, expected, RELATIVE):
        return Finding(title, 1.0)
    says = wrongness(gradient, expected)
    roles = " -> ".join(spec["role"] for spec in job.params["layers"])
    example = f"{roles}, mean squared error: {title} {shown(gradient)}, it should be "
    example += shown(expected)
    size = job.arrays["input"].size
    plus, minus = (result.values.get(f"{label}_{name}") for label in ("plus", "minus"))
    numbers_came = all(isinstance(one, int | float) and np.isfinite(one) for one in (plus, minus))
    if numbers_came and gradient is not None and gradient.shape == expected.shape:
        measured = (plus - minus) / (2 * STEP)
        claimed = float(np.sum(gradient * job.arrays[f"direction_{name}"]))
        if abs(measured) > 1e-3 and abs(measured - claimed) <= NEARBY * abs(measured):
            says = "agrees with finite differences of your own loss only"
            return Finding(title, OWN_FORWARD, says, example, size)
    if gradient is not None and constant_factor(gradient, expected) is not None:
        return Finding(title, CONSTANT_FACTOR, says, example, size)
    return Finding(title, 0.0, says, example, size)
