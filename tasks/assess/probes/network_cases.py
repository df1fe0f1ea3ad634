"""Networks to ask for, and whether what they compute is right."""

from typing import Any

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import Finding
from tasks.assess.probes.cases import Arrays, weights_for
from tasks.assess.probes.compare import close, shown, wrongness
from tasks.assess.references.network import network_output


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
    raised = result.error if result.status == "raised" else result.values.get("raised")
    if raised:
        return [Finding(aspect, 0.0, f"raised {raised}", roles, x.size)]
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
