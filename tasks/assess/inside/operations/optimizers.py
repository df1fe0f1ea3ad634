"""The student's optimizers, given gradients."""

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..binding import ALIASES, NotOffered
from ..building import build
from ..calling import run
from ..discovery import Found, Framework, NotFound, framework
from ..parameters import Parameter, all_arrays
from ..stepping import Optimizer
from ..values import to_array

Arrays = dict[str, np.ndarray]


def optimizer_steps(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The parameters after each step.

    Args:
        params: `optimizer` (sgd or adam), `settings` by the keys of ALIASES, `steps`.
        arrays: `start` (in, out), and `gradient_0`, `gradient_1`, … of its shape.

    Returns:
        `after`: (steps, in, out).
    """
    student = framework(submission)
    try:
        found = student.need(params["optimizer"])
        if "momentum" in params["settings"] and not _takes_momentum(found):
            found = student.find("momentum") or found
        for gradient_cls in _tensor_forms(student):
            answer = _on_tensors(student, found, params, arrays, gradient_cls)
            if answer is not None:
                return answer
        return _on_a_layer(student, found, params, arrays)
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}


def _takes_momentum(found: Found) -> bool:
    return any(name in ALIASES["momentum"] for name in inspect.signature(found.target).parameters)


def _tensor_forms(student: Framework) -> list[tuple[type, type | None]]:
    """(class of a parameter, class of its gradient or None for an array), the student's first."""
    forms = []
    for cls in student.tensor_classes():
        natural = cls if _gradient_is_tensor(student, cls) else None
        forms += [(cls, natural), (cls, None if natural is cls else cls)]
    return forms


def _gradient_is_tensor(student: Framework, cls: type) -> bool:
    """What the student's own backward puts into grad."""
    try:
        tensor = student.wrap(np.ones((1, 1)), cls, requires_grad=True)
        (tensor * tensor).backward()
    except Exception:  # noqa: BLE001  another operation may be the one that works
        return False
    return tensor.grad is not None and not isinstance(tensor.grad, np.ndarray)


def _on_tensors(
    student: Framework,
    found: Any,
    params: dict[str, Any],
    arrays: Arrays,
    classes: tuple[type, type | None],
) -> dict[str, Any] | None:
    cls, gradient_cls = classes
    tensor = student.wrap(arrays["start"], cls, requires_grad=True)
    holder = SimpleNamespace(tensor=tensor)
    parameter = Parameter("tensor", holder, "tensor", lambda: holder.tensor)
    optimizer = Optimizer(student, found, holder, [parameter], params["settings"])
    after = []
    for number in range(params["steps"]):
        gradient = arrays[f"gradient_{number}"]
        try:
            holder.tensor.grad = student.wrap(gradient, gradient_cls)
            style = optimizer.step()
        except Exception:  # noqa: BLE001  the next form may suit
            return None
        if not style:
            return None
        after.append(parameter.read())
    return _answer(found.name, after)


def _on_a_layer(
    student: Framework, found: Any, params: dict[str, Any], arrays: Arrays
) -> dict[str, Any]:
    """For optimizers that step layers: the gradient is put where the layer's backward puts it."""
    inputs, outputs = arrays["start"].shape
    spec = {"role": "dense", "in": inputs, "out": outputs, "weight": "start", "bias": "bias"}
    built = build(student, spec, {**arrays, "bias": np.zeros(outputs)})
    optimizer = Optimizer(student, found, built.layer, all_arrays(built.layer), params["settings"])
    after = []
    for number in range(params["steps"]):
        # With the identity as input, the weight's gradient is the output's.
        run(built.layer, np.eye(inputs))
        built.layer.backward(arrays[f"gradient_{number}"])
        if not optimizer.step():
            return {"found": True, "offered": True, "name": found.name, "moved": False}
        after.append(built.ours("weight", built.roles["weight"].read()))
    return _answer(found.name, after)


def _answer(name: str, after: list[np.ndarray]) -> dict[str, Any]:
    stacked = np.stack([to_array(array) for array in after])
    return {"found": True, "offered": True, "moved": True, "name": name, "after": stacked}


OPERATIONS = {"optimizer_steps": optimizer_steps}
