"""The arrays that a student's layer or network learns, found by walking its attributes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import is_tensor_like, overwrite, storage, to_array

DEEPEST = 12
LISTS = ("parameters", "params", "get_parameters", "get_params", "trainable_parameters")
NOT_LEARNT = re.compile(r"grad|veloc|moment|cache|running|mask|^d_?[wb]$|^d_?(weight|bias|kernel)")
KINDS = {
    "weight": ("w", "weight", "weights", "kernel", "kernels", "filter", "filters", "k", "matrix"),
    "bias": ("b", "bias", "biases", "beta"),
}


@dataclass(frozen=True)
class Parameter:
    """One learnt array: where it is, so that it is found again after the student replaced it."""

    path: str
    owner: Any
    key: Any
    get: Callable[[], Any]

    def read(self) -> np.ndarray:
        return to_array(self.get())

    def write(self, array: np.ndarray) -> bool:
        """Whether the array now holds these numbers."""
        value = self.get()
        if overwrite(value, array):
            return True
        if isinstance(value, np.ndarray) and value.shape == array.shape:
            if isinstance(self.owner, dict | list):
                self.owner[self.key] = array.astype(np.float64)
            else:
                setattr(self.owner, self.key, array.astype(np.float64))
            return np.allclose(self.read(), array, rtol=1e-6)
        return False

    def gradient(self) -> np.ndarray | None:
        """Its gradient, wherever the student keeps it; None where there is none."""
        held = getattr(self.get(), "grad", None)
        if held is None:
            held = self._beside()
        try:
            return None if held is None else to_array(held)
        except TypeError:
            return None

    def clear_gradient(self) -> None:
        value = self.get()
        if getattr(value, "grad", None) is not None:
            value.grad = None

    def _beside(self) -> Any:
        """In an attribute such as dW, grad_weights, weight_grad, or a dict named grads."""
        if isinstance(self.owner, dict | list):
            return None
        for name, value in vars(self.owner).items():
            bare = _bare(name)
            if isinstance(value, dict) and bare in ("grads", "gradients", "grad", "gradient"):
                for key, inner in value.items():
                    if str(key) == self.key or self._is_gradient_name(str(key), inside=True):
                        return inner
            elif name != self.key and value is not None and self._is_gradient_name(name):
                return value
        return None

    def _is_gradient_name(self, name: str, inside: bool = False) -> bool:
        bare, own = _bare(name), _bare(str(self.key))
        stripped = re.sub(r"gradients?|grads?", "", bare)
        if stripped == bare:
            if not bare.startswith("d") and not inside:
                return False
            stripped = bare.removeprefix("dl").removeprefix("d") if bare != own else bare
        return stripped == own or (kind_of_name(stripped) == kind_of_name(own) is not None)


def learnt(thing: object) -> list[Parameter]:
    """All learnt arrays of a layer or network in the order of its attributes.

    Where the thing has `parameters()` (or another of LISTS) that says something, only those it
    lists; arrays that it forgets are found by comparing with `all_arrays`.
    """
    found = all_arrays(thing)
    listed = listed_parameters(thing)
    if not listed:
        return found
    kept = [parameter for parameter in found if _is_among(parameter.get(), listed)]
    return kept or found


def all_arrays(thing: object) -> list[Parameter]:
    """Every float array held by the thing, apart from gradients and running figures."""
    seen: set[int] = set()
    return list(_walk(thing, "", seen, 0))


def listed_parameters(thing: object) -> list[object]:
    """What `parameters()` or another of LISTS gives, flattened; empty where it gives nothing."""
    lists = (getattr(thing, name, None) for name in LISTS)
    given = next((held for held in lists if held is not None), None)
    if callable(given):
        try:
            given = given()
        except TypeError:
            return []
    if given is None:
        return []
    return list(_flat(given, 0))


def _flat(given: Any, depth: int) -> Iterator[object]:
    if isinstance(given, np.ndarray) or is_tensor_like(given):
        yield given
    elif depth < DEEPEST and isinstance(given, dict):
        for value in given.values():
            yield from _flat(value, depth + 1)
    elif depth < DEEPEST and hasattr(given, "__iter__") and not isinstance(given, str):
        for value in given:
            yield from _flat(value, depth + 1)


def _is_among(value: object, listed: list[object]) -> bool:
    held = storage(value)
    for other in listed:
        if other is value:
            return True
        others = storage(other)
        if others is not None and held is not None and np.shares_memory(others, held):
            return True
    return False


def kind_of_name(name: str) -> str | None:
    """weight or bias, by the attribute's name."""
    bare = _bare(name)
    for kind, names in KINDS.items():
        if bare in names:
            return kind
    return None


def _bare(name: str) -> str:
    return name.lower().replace("_", "")


def _walk(thing: object, path: str, seen: set[int], depth: int) -> Iterator[Parameter]:
    if depth > DEEPEST or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        items = [(key, value, _from_item(thing, key)) for key, value in thing.items()]
    elif isinstance(thing, list | tuple):
        items = [(key, value, _from_item(thing, key)) for key, value in enumerate(thing)]
    elif hasattr(thing, "__dict__") and not isinstance(thing, type) and not callable_only(thing):
        items = [(key, value, _from_attribute(thing, key)) for key, value in vars(thing).items()]
    else:
        return
    for key, value, get in items:
        if isinstance(key, str) and NOT_LEARNT.search(key.lower()):
            continue
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(value, np.ndarray) or is_tensor_like(value):
            held = storage(value)
            if held is not None and held.dtype.kind == "f" and id(value) not in seen:
                seen.add(id(value))
                yield Parameter(inner, thing, key, get)
        elif isinstance(value, dict | list | tuple) or hasattr(value, "__dict__"):
            yield from _walk(value, inner, seen, depth + 1)


def callable_only(thing: object) -> bool:
    """A function or method, whose attributes are not the network's."""
    return hasattr(thing, "__code__") or hasattr(thing, "__func__")


def _from_item(holder: Any, key: Any) -> Callable[[], Any]:
    return lambda: holder[key]


def _from_attribute(holder: Any, key: str) -> Callable[[], Any]:
    return lambda: getattr(holder, key)
