"""Makes the student's layers and networks from a description, with given weights."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from types import FunctionType
from typing import Any

import numpy as np

from .binding import NotOffered, call_bound, required_names
from .calling import run
from .discovery import Found, Framework
from .parameters import Parameter, all_arrays, kind_of_name

POOLS = ("max_pool", "average_pool")


@dataclass
class Built:
    """A layer of the student's.

    Attributes:
        roles: our names of its parameters: weight, kernel and bias.
        axes: how its weight's or kernel's axes lie, from ours to its own.
        was_set: whether the given weights are in it.
    """

    layer: Any
    found: Found
    roles: dict[str, Parameter]
    axes: tuple[int, ...] | None
    was_set: bool

    def ours(self, role: str, array: np.ndarray | None) -> np.ndarray | None:
        """A parameter's numbers (or its gradient's) in our order of axes."""
        if array is None or self.axes is None or role == "bias":
            return None if array is None else array.reshape(-1) if role == "bias" else array
        if array.ndim < len(self.axes):
            return array
        return array.transpose(np.argsort(self.axes))


def build(framework: Framework, spec: dict[str, Any], arrays: dict[str, np.ndarray]) -> Built:
    """A layer.

    Args:
        spec: `role` and its sizes: in, out, kernel, stride, padding; `weight` and `bias` name the
            arrays to put into it: (in, out) or (out, in, kernel, kernel), and (out,); without
            them the student's own first weights stay, made with `seed` where it is there.

    Raises:
        NotFound: the student has no such layer.
        NotOffered: it does not take what is asked of it.
    """
    found = framework.need(spec["role"])
    if spec["role"] in POOLS:
        return Built(_pool(found, spec), found, {}, None, True)
    if spec["role"] not in ("dense", "conv2d"):
        return Built(found.make(), found, {}, None, True)
    if "seed" in spec:
        return Built(_seeded(found, spec), found, {}, None, True)
    layer = _dense(found, spec) if spec["role"] == "dense" else _convolution(found, spec)
    if "weight" not in spec:
        return Built(layer, found, {}, None, True)
    weight, bias = arrays[spec["weight"]], arrays.get(spec.get("bias", ""))
    return _with_weights(found, layer, weight, bias)


def _seeded(found: Found, spec: dict[str, Any]) -> Any:
    """A layer that is given the seed or a generator where it takes one."""
    sizes = {key: spec[key] for key in ("in", "out", "kernel") if key in spec}
    for key, value in (("generator", np.random.default_rng(spec["seed"])), ("seed", spec["seed"])):
        with contextlib.suppress(NotOffered):
            return call_bound(found.target, {**sizes, key: value}, tuple(sizes))
    return _dense(found, spec) if spec["role"] == "dense" else _convolution(found, spec)


def _dense(found: Found, spec: dict[str, Any]) -> Any:
    return found.make({"in": spec["in"], "out": spec["out"]}, ("in", "out"))


def _convolution(found: Found, spec: dict[str, Any]) -> Any:
    first: Exception | None = None
    for given, needed in _convolution_forms(spec):
        try:
            return call_bound(found.target, given, needed)
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            first = first if first and not isinstance(first, NotOffered) else error
    raise first


def _convolution_forms(spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    extras = {key: spec[key] for key in ("stride", "padding") if key in spec}
    size = spec["kernel"]
    for kernel in (size, (size, size)):
        yield (
            {"in": spec["in"], "out": spec["out"], "kernel": kernel, **extras},
            (
                *("in", "out"),
                "kernel",
            ),
        )
    if spec["in"] == spec["out"] == 1:
        for kernel in ((size, size), size):
            yield {"kernel": kernel, **extras}, ("kernel",)


def _pool(found: Found, spec: dict[str, Any]) -> Any:
    size, stride = spec["kernel"], spec.get("stride", spec["kernel"])
    if not found.is_class:
        return _pooling_function(found.target, size, stride)
    forms = [{"kernel": size, "stride": stride}]
    if stride == size:
        forms.append({"kernel": size})
    first: Exception | None = None
    for form in forms:
        for given in (form, {key: (value, value) for key, value in form.items()}):
            try:
                return call_bound(found.target, given, ("kernel",))
            except Exception as error:  # noqa: BLE001  the student's code may raise anything
                first = first or error
    raise first


def _pooling_function(function: Any, size: int, stride: int) -> Any:
    def pool(x: Any) -> Any:
        try:
            return function(x, size, stride)
        except TypeError:
            if stride != size:
                raise NotOffered("no parameter for stride") from None
            return function(x, size)

    return pool


def _with_weights(found: Found, layer: Any, weight: np.ndarray, bias: np.ndarray | None) -> Built:
    arrays = all_arrays(layer)
    roles: dict[str, Parameter] = {}
    axes: tuple[int, ...] | None = None
    for parameter in arrays:
        held = parameter.read()
        ways = _axes(weight.shape, held.shape)
        if "weight" not in roles and ways is not None:
            roles["weight"], axes = parameter, ways
        elif "bias" not in roles and (
            held.size == weight_outputs(weight) and kind_of_name(str(parameter.key)) != "weight"
        ):
            roles["bias"] = parameter
    was_set = "weight" in roles and roles["weight"].write(
        _to_axes(weight, axes).reshape(roles["weight"].read().shape)
    )
    if "bias" in roles and bias is not None:
        shape = roles["bias"].read().shape
        was_set = roles["bias"].write(bias.reshape(shape)) and was_set
    return Built(layer, found, roles, axes, was_set)


def weight_outputs(weight: np.ndarray) -> int:
    """Outputs of a dense weight (in, out), filters of a kernel (out, in, height, width)."""
    return weight.shape[1] if weight.ndim == 2 else weight.shape[0]


def _axes(ours: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order of our axes in which their shape is ours; None where there is none."""
    if ours == theirs:
        return tuple(range(len(ours)))
    if len(ours) == 4 and ours[:2] == (1, 1) and theirs == ours[2:]:
        return tuple(range(4))
    for order in permutations(range(len(ours))):
        # A kernel's height stays before its width.
        if len(ours) == 4 and order.index(2) > order.index(3):
            continue
        if tuple(ours[axis] for axis in order) == theirs:
            return order
    return None


def _to_axes(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(array.transpose(axes))


class Chain:
    """Layers one after the other, for a framework without a container."""

    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = run(layer, x)
        return x

    def backward(self, gradient: Any, *rate: float) -> Any:
        for layer in reversed(self.layers):
            steps = len(required_names(layer.backward)) == 2
            below = layer.backward(gradient, *(rate if steps else ()))
            gradient = layer.dinputs if below is None else below
        return gradient


def contain(framework: Framework, layers: list[Any]) -> tuple[Any, str]:
    """The layers in the student's own container, and its name; a plain chain and "" without one."""
    found = framework.find("sequential")
    # A container of layers is not asked to hold functions.
    if found is not None and not any(isinstance(layer, FunctionType) for layer in layers):
        for make in (
            lambda: found.target(layers),
            lambda: found.target(*layers),
            lambda: _added(found.target(), layers),
        ):
            try:
                made = make()
            except Exception:  # noqa: BLE001, S112  the next form may suit
                continue
            if _holds(made, layers):
                return made, found.name
    return Chain(layers), ""


def _added(container: Any, layers: list[Any]) -> Any:
    add = getattr(container, "add", None) or container.append
    for layer in layers:
        add(layer)
    return container


def _holds(container: Any, layers: list[Any]) -> bool:
    """Whether the container keeps exactly these layers somewhere."""
    for value in vars(container).values():
        held = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(held, list | tuple) or len(held) != len(layers):
            continue
        if all(one is other for one, other in zip(held, layers, strict=True)):
            return True
    return False
