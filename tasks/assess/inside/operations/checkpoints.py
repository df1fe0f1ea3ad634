"""The student's own saving and loading."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..binding import NotOffered, bind
from ..calling import forward
from ..discovery import Framework, NotFound, framework
from .networks import build_network

Arrays = dict[str, np.ndarray]
SUFFIXES = (".npz", ".npy", ".json", "")
SAVES = ("save", "save_weights", "save_parameters", "save_model", "save_checkpoint")
LOADS = ("load", "load_weights", "load_parameters", "load_model", "load_checkpoint")


def checkpoint(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Save a network, load it into one with other weights, and run both.

    Args:
        params: `layers`.
        arrays: `input`, the layers' weights, and the other's under `other_<weight>`.

    Returns:
        `saved`, `other` and `loaded`: the outputs of the saved network, of the other before
        loading and after it.
    """
    student = framework(submission)
    other = {name: arrays.get(f"other_{name}", array) for name, array in arrays.items()}
    try:
        ways = list(_ways(student, params, arrays))
    except NotFound as missing:
        return missing.values
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, way in ways:
            for suffix in SUFFIXES:
                try:
                    one = build_network(student, params["layers"], arrays)[0]
                    two = build_network(student, params["layers"], other)[0]
                    saved = forward(student, one, arrays["input"])
                    before = forward(student, two, arrays["input"])
                    loaded = way(one, two, str(Path(folder) / f"model{suffix}"))
                    after = forward(student, loaded, arrays["input"])
                except Exception as error:  # noqa: BLE001  the student's code may raise anything
                    line = " ".join(f"{name}: {type(error).__name__}: {error}".split())[:200]
                    problems.append(line)
                    continue
                return {
                    **{"found": True, "ran": True, "way": name},
                    **{"saved": saved, "other": before, "loaded": after},
                }
    if not ways:
        return NotFound("save", student).values
    return {"found": True, "ran": False, "problems": list(dict.fromkeys(problems))[:3]}


def _ways(student: Framework, params: dict[str, Any], arrays: Arrays) -> Iterator:
    network = build_network(student, params["layers"], arrays)[0]
    for saving, loading in zip(SAVES, LOADS, strict=True):
        if hasattr(network, saving) and hasattr(network, loading):
            yield f"network.{saving}", _by_methods(saving, loading)
    save, load = student.find("save"), student.find("load")
    if save is not None and load is not None:
        yield f"{save.name} and {load.name}", _by_functions(save.target, load.target)
    if hasattr(network, "state_dict") and hasattr(network, "load_state_dict"):
        yield "state_dict and load_state_dict", _by_state


def _by_methods(saving: str, loading: str) -> Callable:
    def way(one: Any, two: Any, path: str) -> Any:
        getattr(one, saving)(path)
        loaded = getattr(two, loading)(path)
        return two if loaded is None or not callable(loaded) else loaded

    return way


def _by_functions(save: Callable, load: Callable) -> Callable:
    def way(one: Any, two: Any, path: str) -> Any:
        args, kwargs = bind(save, {"model": one, "path": path}, ("model", "path"))
        save(*args, **kwargs)
        written = path if Path(path).exists() else f"{path}.npz"
        try:
            args, kwargs = bind(load, {"model": two, "path": written}, ("model", "path"))
        except NotOffered:
            loaded = load(written)
            if hasattr(two, "load_state_dict") and isinstance(loaded, dict):
                two.load_state_dict(loaded)
                return two
            return loaded
        load(*args, **kwargs)
        return two

    return way


def _by_state(one: Any, two: Any, path: str) -> Any:
    """Through a file of plain arrays, so that nothing is shared by accident."""
    if not path.endswith(".npz"):
        raise NotOffered("a state is written as arrays")
    state = one.state_dict()
    np.savez(path, **{str(key): np.asarray(value) for key, value in state.items()})
    with np.load(path, allow_pickle=False) as held:
        two.load_state_dict({key: held[key] for key in held.files})
    return two


OPERATIONS = {"checkpoint": checkpoint}
