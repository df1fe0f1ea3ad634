"""Judges one layer's output and gradients against the references and finite differences."""

from typing import Any

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import Finding
from tasks.assess.probes.cases import Arrays, in_effect, numbers, weights_for
from tasks.assess.probes.compare import NEARBY, close, constant_factor, shown, wrongness
from tasks.assess.references.network import layer_gradients, layer_output

STEP = 0.0625
OWN_FORWARD = 0.5
CONSTANT_FACTOR = 0.25


def forward_job(spec: dict[str, Any], arrays: Arrays, x: np.ndarray) -> Job:
    """Ask for a layer's output."""
    return Job("layer_forward", _params(spec, arrays, x), {**arrays, "input": x})


def gradients_job(
    rng: np.random.Generator, spec: dict[str, Any], x: np.ndarray, scale: float = 0.5
) -> Job:
    """Ask for a layer's gradients, and its outputs at nearby inputs and weights."""
    arrays = weights_for(rng, [spec], scale)
    output = layer_output(spec, arrays, x)
    directions = {
        f"direction_{role}": numbers(rng, *array.shape)
        for role, array in (
            ("input", x),
            *((role, arrays[spec[role]]) for role in ("weight", "bias") if role in spec),
        )
    }
    params = {**_params(spec, arrays, x), "step": STEP}
    upstream = numbers(rng, *output.shape)
    return Job(
        "layer_gradients", params, {**arrays, **directions, "input": x, "upstream": upstream}
    )


def _params(spec: dict[str, Any], arrays: Arrays, x: np.ndarray) -> dict[str, Any]:
    params: dict[str, Any] = {"layer": spec}
    if x.ndim == 4 and spec["role"] != "flatten":
        params["output_shape"] = list(layer_output(spec, arrays, x).shape)
    return params


def forward_finding(job: Job, result: JobResult, aspect: str) -> Finding:
    """Whether the output is right; half for a layer that leaves its bias out."""
    spec, x = job.params["layer"], job.arrays["input"]
    if result.values.get("found") is False:
        return Finding(aspect, 0.0, f"{result.values.get('looked_for')} was not found")
    if result.status == "raised":
        return Finding(aspect, 0.0, f"raised {result.error}", _call(spec, x), x.size)
    if result.values.get("offered") is False:
        return Finding(aspect, 0.0, f"not offered ({result.values.get('reason')})")
    arrays = in_effect(job.arrays, spec, result.values, result.arrays)
    expected = layer_output(spec, arrays, x)
    output = result.arrays.get("output")
    if close(output, expected):
        if "bias" in spec and "bias" not in (result.values.get("roles") or []):
            return Finding(aspect, 1.0 if _single(spec) else 0.5, _no_bias(spec))
        return Finding(aspect, 1.0)
    says = _diagnosis(spec, arrays, x, output) or f"the output {wrongness(output, expected)}"
    example = f"{_call(spec, x)} gives {shown(output)}, it should give {shown(expected)}"
    if x.size <= 24 and "weight" in spec:
        example += f" (input {shown(x)}, weight {shown(arrays[spec['weight']])})"
    return Finding(aspect, 0.0, says, example, x.size)


def _no_bias(spec: dict[str, Any]) -> str:
    return "" if _single(spec) else "the layer has no bias"


def _single(spec: dict[str, Any]) -> bool:
    """One channel and one filter: the older course's Conv2D(kernel_size) has no bias."""
    return spec["role"] == "conv2d" and spec["in"] == spec["out"] == 1


def _diagnosis(
    spec: dict[str, Any], arrays: Arrays, x: np.ndarray, output: np.ndarray | None
) -> str:
    """What usual mistake gives just this output; empty where none does."""
    for says, other_spec, other_arrays in _usual_mistakes(spec, arrays):
        try:
            if close(output, layer_output(other_spec, other_arrays, x)):
                return says
        except ValueError:
            continue
    return ""


def _usual_mistakes(spec: dict[str, Any], arrays: Arrays) -> list[tuple[str, dict, Arrays]]:
    role, mistakes = spec["role"], []
    if "bias" in spec:
        without = {**arrays, spec["bias"]: np.zeros_like(arrays[spec["bias"]])}
        mistakes.append(("the bias is not added", spec, without))
    if role == "conv2d":
        flipped = {**arrays, spec["weight"]: arrays[spec["weight"]][:, :, ::-1, ::-1]}
        mistakes.append(("the kernel is flipped (layers correlate, they do not)", spec, flipped))
        if spec.get("stride", 1) != 1:
            mistakes.append(("the stride is not used", {**spec, "stride": 1}, arrays))
        if spec.get("padding", 0):
            mistakes.append(("the padding is not used", {**spec, "padding": 0}, arrays))
    if role in ("max_pool", "average_pool"):
        other = "average_pool" if role == "max_pool" else "max_pool"
        kind = "mean" if role == "max_pool" else "maximum"
        mistakes.append((f"it takes the {kind} of each window", {**spec, "role": other}, arrays))
    return mistakes


def gradient_findings(job: Job, result: JobResult, names: dict[str, str]) -> list[Finding]:
    """One finding a gradient.

    Full share where it agrees with the reference; half where only with finite differences of the
    student's own (wrong) forward; a quarter where it is a constant factor off.

    Args:
        names: our roles (weight, bias, input) to what the student calls them.
    """
    spec, x = job.params["layer"], job.arrays["input"]
    roles = [role for role in ("weight", "bias", "input") if role in names]
    if "bias" in roles and "bias" not in (result.values.get("roles") or ["bias"]):
        roles.remove("bias")
    if result.values.get("found") is False:
        return [Finding(names[role], 0.0, "the layer was not found") for role in roles]
    if result.status == "raised":
        says = f"raised {result.error}"
        return [Finding(names[role], 0.0, says, _call(spec, x), x.size) for role in roles]
    if result.values.get("offered") is False:
        says = f"not offered ({result.values.get('reason')})"
        return [Finding(names[role], 0.0, says) for role in roles]
    arrays = in_effect(job.arrays, spec, result.values, result.arrays)
    expected = layer_gradients(spec, arrays, x, job.arrays["upstream"])
    return [_gradient_finding(job, result, role, names[role], expected[role]) for role in roles]


def _gradient_finding(
    job: Job, result: JobResult, role: str, name: str, expected: np.ndarray
) -> Finding:
    gradient = result.arrays.get(f"gradient_{role}")
    if gradient is not None and gradient.size == expected.size:
        gradient = gradient.reshape(expected.shape)
    if close(gradient, expected):
        return Finding(name, 1.0)
    spec, x = job.params["layer"], job.arrays["input"]
    says = wrongness(gradient, expected)
    example = f"{_call(spec, x)}: {name} {shown(gradient)}, it should be {shown(expected)}"
    if _fits_own_forward(job, result, role, gradient):
        says = "agrees with finite differences of your own forward, which itself is not right"
        return Finding(name, OWN_FORWARD, says, example, x.size)
    if gradient is not None and constant_factor(gradient, expected) is not None:
        return Finding(name, CONSTANT_FACTOR, says, example, x.size)
    return Finding(name, 0.0, says, example, x.size)


def _fits_own_forward(job: Job, result: JobResult, role: str, gradient: np.ndarray | None) -> bool:
    """Whether the slope along a random direction is that of the student's own outputs."""
    direction = job.arrays.get(f"direction_{role}")
    plus, minus = (result.arrays.get(f"{label}_{role}") for label in ("plus", "minus"))
    upstream = job.arrays["upstream"]
    if gradient is None or direction is None or not gradient.any():
        return False
    if any(one is None or one.shape != upstream.shape for one in (plus, minus)):
        return False
    measured = float(np.sum((plus - minus) * upstream)) / (2 * job.params["step"])
    claimed = float(np.sum(gradient * direction.reshape(gradient.shape)))
    return abs(measured) > 1e-6 and abs(measured - claimed) <= NEARBY * abs(measured)


def _call(spec: dict[str, Any], x: np.ndarray) -> str:
    sizes = [str(spec[key]) for key in ("in", "out", "kernel") if key in spec]
    sizes += [f"{key}={spec[key]}" for key in ("stride", "padding") if key in spec]
    shape = tuple(int(size) for size in x.shape)
    return f"{spec['role']}({', '.join(sizes)}) on an input of shape {shape}"
