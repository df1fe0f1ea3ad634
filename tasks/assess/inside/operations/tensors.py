"""Arithmetic of the student's tensor class."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..discovery import NotFound, framework
from ..values import to_array

FORMS: dict[str, tuple[Callable[[Any, Any], Any], ...]] = {
    "add": (lambda a, b: a + b, lambda a, b: a.add(b)),
    "subtract": (lambda a, b: a - b, lambda a, b: a.subtract(b), lambda a, b: a.sub(b)),
    "multiply": (lambda a, b: a * b, lambda a, b: a.multiply(b), lambda a, b: a.mul(b)),
    "divide": (lambda a, b: a / b, lambda a, b: a.divide(b), lambda a, b: a.div(b)),
    "matmul": (lambda a, b: a @ b, lambda a, b: a.matmul(b), lambda a, b: a.dot(b)),
    "sum": (lambda a, b: a.sum(),),
    "mean": (lambda a, b: a.mean(),),
    "reshape": (lambda a, b: a.reshape(2, 6), lambda a, b: a.reshape((2, 6))),
    "transpose": (lambda a, b: a.T, lambda a, b: a.transpose(), lambda a, b: a.transpose(1, 0)),
}


def tensor_operation(submission: Path, params: dict[str, Any], arrays: dict) -> dict[str, Any]:
    """One operation on one or two tensors: `operation` of FORMS on `a` and `b`."""
    student = framework(submission)
    found = student.find("variable") or student.find("tensor")
    if found is None:
        on_arrays = student.find("dense") is not None
        return {**NotFound("tensor", student).values, "on_arrays": on_arrays}
    first: Exception | None = None
    for role in ("tensor", "variable"):
        cls = student.find(role)
        for form in FORMS[params["operation"]] if cls is not None else ():
            try:
                a, b = cls.target(arrays["a"]), cls.target(arrays["b"])
                answer = to_array(form(a, b))
            except Exception as error:  # noqa: BLE001  the student's code may raise anything
                first = first or error
                continue
            return {"found": True, "name": cls.name, "output": np.asarray(answer)}
    raise first


OPERATIONS = {"tensor_operation": tensor_operation}
