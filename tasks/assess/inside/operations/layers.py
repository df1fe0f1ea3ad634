"""One layer of the student's: forward, backward, and forward again at nearby parameters."""

from pathlib import Path
from typing import Any

import numpy as np

from ..binding import NotOffered
from ..building import Built, build
from ..calling import forward, gradients
from ..discovery import Framework, NotFound, framework
from ..layouts import PLAIN, Layout, fitting

Arrays = dict[str, np.ndarray]


def layer_forward(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The output of one layer.

    Args:
        params: `layer` as in `building.build`; `output_shape` where the input holds images.
        arrays: `input` and the layer's weights.
    """
    student = framework(submission)
    try:
        built = build(student, params["layer"], arrays)
        _, output = _placed(student, built, params, arrays["input"])
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    return {**_told(built), "output": output}


def layer_gradients(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Gradients of sum(output * upstream) by the student's backward, and outputs nearby.

    Args:
        params: `layer`, `output_shape` where the input holds images, and `step`.
        arrays: `input`, the layer's weights, `upstream` in our layout, and directions
            `direction_input`, `direction_weight`, `direction_bias` shaped as these are.

    Returns:
        `gradient_<role>` where one was received, and `plus_<role>` and `minus_<role>`: outputs
        with the role moved by the step along its direction.
    """
    student = framework(submission)
    try:
        built = build(student, params["layer"], arrays)
        layout, output = _placed(student, built, params, arrays["input"])
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    answer: dict[str, Any] = {**_told(built), "output": output, "style": "none", "problems": []}
    upstream = arrays["upstream"]
    if output.shape != upstream.shape:
        return answer
    made: list[Built] = []

    def fresh() -> Any:
        made.append(build(student, params["layer"], arrays))
        return made[-1].layer

    got = gradients(
        student,
        fresh,
        layout.to_layer(arrays["input"]),
        lambda shape: layout.gradient_to_layer(upstream, shape),
    )
    answer |= {"style": got.style, "problems": got.problems}
    for role, parameter in built.roles.items():
        gradient = built.ours(role, got.parameters.get(parameter.path))
        if gradient is not None:
            answer[f"gradient_{role}"] = gradient
    if got.to_input is not None:
        answer["gradient_input"] = layout.from_layer(got.to_input, arrays["input"].shape)
    return answer | _nearby(student, params, arrays)


def _nearby(student: Framework, params: dict[str, Any], arrays: Arrays) -> Arrays:
    outputs = {}
    for role in ("input", "weight", "bias"):
        name = "input" if role == "input" else params["layer"].get(role, "")
        if name not in arrays or f"direction_{role}" not in arrays:
            continue
        for sign, label in ((1.0, "plus"), (-1.0, "minus")):
            moved = arrays[name] + sign * params["step"] * arrays[f"direction_{role}"]
            there = {**arrays, name: moved}
            built = build(student, params["layer"], there)
            outputs[f"{label}_{role}"] = _placed(student, built, params, there["input"])[1]
    return outputs


def _placed(
    student: Framework, built: Built, params: dict[str, Any], array: np.ndarray
) -> tuple[Layout, np.ndarray]:
    """The layer's output, and the layout in which the layer takes its input."""
    if "output_shape" not in params:
        return PLAIN, forward(student, built.layer, array)
    shape = tuple(params["output_shape"])
    return fitting(array, shape, lambda x: forward(student, built.layer, x))


def _told(built: Built) -> dict[str, Any]:
    told: dict[str, Any] = {
        "found": True,
        "offered": True,
        "name": built.found.name,
        "was_set": built.was_set,
        "roles": sorted(built.roles),
    }
    for role, parameter in built.roles.items():
        told[f"held_{role}"] = built.ours(role, parameter.read())
    return told


OPERATIONS = {"layer_forward": layer_forward, "layer_gradients": layer_gradients}
