"""Layers in a row compute what they should together, and list what they learn."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding, present
from tasks.assess.probes.cases import Arrays, convolution_spec, dense_spec, numbers, weights_for
from tasks.assess.probes.channels import offered_channels
from tasks.assess.probes.compare import close, shown, wrongness
from tasks.assess.references.network import network_output

CONTAINER = "container"


def network_job(rng: np.random.Generator, specs: list[dict[str, Any]], x: np.ndarray) -> Job:
    """Ask for a network's output and for what its parameters() lists."""
    arrays = weights_for(rng, specs)
    params: dict[str, Any] = {"layers": specs}
    if x.ndim == 4:
        params["output_shape"] = list(network_output(specs, arrays, x).shape)
    return Job("network_forward", params, {**arrays, "input": x})


def without_missing_biases(job: Job, has_bias: list[bool]) -> Arrays:
    """The job's arrays, with zeros for biases that the student's layers do not have."""
    arrays = dict(job.arrays)
    for spec, has in zip(job.params["layers"], has_bias, strict=False):
        if "bias" in spec and not has:
            arrays[spec["bias"]] = np.zeros_like(arrays[spec["bias"]])
    return arrays


def channels_last(specs: list[dict[str, Any]], arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """The output of a framework that flattens (height, width, channels)."""
    for number, spec in enumerate(specs):
        if spec["role"] == "flatten" and x.ndim == 4:
            head = x.transpose(0, 2, 3, 1).reshape(len(x), -1)
            return network_output(specs[number + 1 :], arrays, head)
        x = network_output([spec], arrays, x)
    return x


def network_findings(job: Job, result: JobResult, aspect: str) -> list[Finding]:
    """Whether the composition is right, and whether the student's own container held it."""
    roles = " -> ".join(spec["role"] for spec in job.params["layers"])
    x = job.arrays["input"]
    if result.values.get("found") is False:
        return [Finding(aspect, 0.0, f"{result.values.get('looked_for')} was not found")]
    if result.status == "raised":
        return [Finding(aspect, 0.0, f"raised {result.error}", roles, x.size)]
    if result.values.get("offered") is False:
        return [Finding(aspect, 0.0, f"not offered ({result.values.get('reason')})")]
    specs = job.params["layers"]
    arrays = without_missing_biases(job, result.values.get("biases") or [])
    forward = channels_last if result.values.get("layout") == "nhwc" else network_output
    expected, output = forward(specs, arrays, x), result.arrays.get("output")
    if close(output, expected):
        return [Finding(aspect, 1.0)]
    example = f"{roles}: gives {shown(output)}, it should give {shown(expected)}"
    return [Finding(aspect, 0.0, f"the output {wrongness(output, expected)}", example, x.size)]


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


class ParameterRegistration(CaseProbe):
    """`parameters()` of a network lists every array that it learns, once."""

    name: ClassVar[str] = "parameter_registration"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Let parameters() of a container gather the weights and biases of all its layers."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for sizes in ((3, 5, 2), (4, 7, 6, 3)):
            specs: list[dict[str, Any]] = []
            for number in range(len(sizes) - 1):
                specs.append(dense_spec(sizes[number], sizes[number + 1], str(number)))
                specs.append({"role": "relu"})
            jobs.append(network_job(rng, specs[:-1], numbers(rng, 2, sizes[0])))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        aspect = "arrays listed by parameters()"
        if result.status == "raised":
            return [Finding(aspect, 0.0, f"raised {result.error}")]
        if not result.values.get("has_parameters"):
            return [Finding(aspect, 0.0, "the network has no parameters()")]
        expected = sorted(array.size for name, array in job.arrays.items() if name != "input")
        listed = [size for size in result.values.get("listed_sizes") or [] if isinstance(size, int)]
        if sorted(listed) == expected:
            return [Finding(aspect, 1.0)]
        missing = len(expected) - len(listed)
        says = f"it lists {len(listed)} arrays of {sum(listed)} numbers, the network has "
        says += f"{len(expected)} of {sum(expected)}"
        missed = ", ".join(str(path) for path in result.values.get("missed") or [])
        share = min(len(listed), len(expected)) / len(expected) / 2 if missing > 0 else 0.0
        return [
            Finding(aspect, share, says, f"not listed: {missed}" if missed else "", len(listed))
        ]


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
