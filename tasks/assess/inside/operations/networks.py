"""A network of the student's layers in the student's container."""

from pathlib import Path
from typing import Any

import numpy as np

from ..binding import NotOffered
from ..building import Built, build, contain
from ..calling import forward
from ..discovery import Framework, NotFound, framework
from ..layouts import PLAIN, Layout, fitting
from ..parameters import LISTS, all_arrays, listed_parameters
from ..values import storage

Arrays = dict[str, np.ndarray]


def build_network(
    student: Framework, specs: list[dict[str, Any]], arrays: Arrays
) -> tuple[Any, str, list[Built]]:
    """The network, the name of the student's container ("" without one), and its layers."""
    built = [build(student, spec, arrays) for spec in specs]
    network, name = contain(student, [one.layer for one in built])
    return network, name, built


def place(
    student: Framework, network: Any, params: dict[str, Any], array: np.ndarray
) -> tuple[Layout, np.ndarray]:
    """The layout in which the network takes `array`, and its output."""
    if array.ndim != 4:
        return PLAIN, forward(student, network, array)
    return fitting(array, tuple(params["output_shape"]), lambda x: forward(student, network, x))


def network_forward(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The output of a network.

    Args:
        params: `layers` as in `building.build`; `output_shape` where the input holds images.
        arrays: `input` and the layers' weights.

    Returns:
        what the network holds and lists, and its `output`, or what its forward pass `raised`.
    """
    student = framework(submission)
    try:
        network, name, built = build_network(student, params["layers"], arrays)
        registered = _registered(network)  # before layers keep what passed through them
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    told = {**_told(name, built), **registered}
    try:
        layout, output = place(student, network, params, arrays["input"])
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  what it holds and lists is judged all the same
        return {**told, "raised": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
    return {**told, "layout": layout.name, "output": output}


def _registered(network: Any) -> dict[str, Any]:
    """What `parameters()` lists, against all the arrays that the network holds."""
    listed = listed_parameters(network)
    held = all_arrays(network)
    missed = [
        parameter.path
        for parameter in held
        if not any(_same(parameter.get(), other) for other in listed)
    ]
    return {
        "listed_sizes": [int(storage(one).size) for one in listed],
        "held_sizes": [int(parameter.read().size) for parameter in held],
        "missed": missed[:10],
        "has_parameters": any(hasattr(network, name) for name in LISTS),
    }


def _same(one: Any, other: Any) -> bool:
    return one is other or np.shares_memory(storage(one), storage(other))


def _told(name: str, built: list[Built]) -> dict[str, Any]:
    return {
        "found": True,
        "offered": True,
        "container": name,
        "layers": [one.found.name for one in built],
        "was_set": all(one.was_set for one in built),
        "biases": [("bias" in one.roles) for one in built],
    }


OPERATIONS = {"network_forward": network_forward}
