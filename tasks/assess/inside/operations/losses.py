"""The student's losses: values and gradients."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..calling import gradient_of, tensor_choices
from ..discovery import Framework, NotFound, framework
from ..losing import TARGET_FORMS, Loss, of_scalar, plain, target_in
from ..values import to_array

Arrays = dict[str, np.ndarray]


def loss(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """A loss in every form of targets that it takes.

    Args:
        params: `loss` (mse, cross_entropy or binary_cross_entropy) and `step`.
        arrays: `predictions`, `targets` (class numbers (n,), or values like the predictions) and
            `direction`, shaped as the predictions.

    Returns:
        By form ("plain", "one hot"): `value <form>`, `plus <form>` and `minus <form>` at
        predictions moved by the step along the direction, and the array `gradient <form>` where
        there is one.
    """
    student = framework(submission)
    try:
        found = student.need(params["loss"])
    except NotFound as missing:
        return missing.values
    answer: dict[str, Any] = {"found": True, "name": found.name, "problems": []}
    targets, predictions = arrays["targets"], arrays["predictions"]
    forms = TARGET_FORMS if targets.ndim < predictions.ndim else TARGET_FORMS[:1]
    for form in forms:
        shaped = target_in(form, targets, predictions.shape[-1])
        try:
            told = _in_one_form(student, Loss(student, found), predictions, shaped, params, arrays)
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            line = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            answer["problems"].append(f"{form} targets: {line}")
            continue
        answer |= {f"{key} {form}": value for key, value in told.items()}
    return answer


def _in_one_form(
    student: Framework,
    made: Loss,
    predictions: np.ndarray,
    targets: np.ndarray,
    params: dict[str, Any],
    arrays: Arrays,
) -> dict[str, Any]:
    first: Exception | None = None
    for cls in tensor_choices(student, made.made, gradients=True):
        for wrapped in (student.wrap(targets, cls), targets):
            value_at = partial(_value_at, student, made, cls, wrapped)
            try:
                told: dict[str, Any] = {"value": value_at(predictions)}
            except Exception as error:  # noqa: BLE001  the student's code may raise anything
                first = first or error
                continue
            moved = params["step"] * arrays["direction"]
            told["plus"] = value_at(predictions + moved)
            told["minus"] = value_at(predictions - moved)
            gradient = _gradient(student, made, predictions, wrapped, cls)
            if gradient is not None:
                told["gradient"] = gradient
            return told
    raise first


def _value_at(
    student: Framework, made: Loss, cls: type | None, targets: Any, predictions: np.ndarray
) -> float | str:
    return plain(of_scalar(made(student.wrap(predictions, cls), targets)))


def _gradient(
    student: Framework, made: Loss, predictions: np.ndarray, targets: Any, cls: type | None
) -> np.ndarray | None:
    try:
        tensor = student.wrap(predictions, cls, requires_grad=True)
        value = made(tensor, targets)
        if cls is not None and hasattr(value, "backward"):
            value.backward()
            gradient = gradient_of(tensor)
            if gradient is not None:
                return gradient
        gradient = made.gradient(tensor, targets)
        return None if gradient is None else to_array(gradient)
    except Exception:  # noqa: BLE001  a loss whose gradient raises has none
        return None


OPERATIONS = {"loss": loss}
