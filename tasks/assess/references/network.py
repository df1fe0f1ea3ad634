"""A network described layer by layer: its output, and the gradients of a mean squared error.

A layer is a dict with `role` (dense, conv2d, max_pool, average_pool, relu, sigmoid, tanh, softmax,
flatten), its sizes, and `weight` and `bias`, which name arrays.
"""

from typing import Any

import numpy as np

from tasks.assess.references import activations, losses
from tasks.assess.references.convolution import convolution_gradients, convolve
from tasks.assess.references.dense import dense, dense_gradients
from tasks.assess.references.pooling import pool, pooling_gradient

Arrays = dict[str, np.ndarray]


def layer_output(spec: dict[str, Any], arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """One layer on (n, features) or (n, channels, height, width)."""
    role = spec["role"]
    if role == "dense":
        return dense(x, arrays[spec["weight"]], arrays.get(spec.get("bias", "")))
    if role == "conv2d":
        bias = arrays.get(spec.get("bias", ""))
        place = spec.get("stride", 1), spec.get("padding", 0)
        return convolve(x, arrays[spec["weight"]], bias, *place)
    if role in ("max_pool", "average_pool"):
        return pool(x, *_window(spec))
    if role == "flatten":
        return x.reshape(len(x), -1)
    return activations.FORWARD[role](x)


def layer_gradients(
    spec: dict[str, Any], arrays: Arrays, x: np.ndarray, upstream: np.ndarray
) -> dict[str, np.ndarray]:
    """Gradients in `input`, `weight` and `bias` as far as the layer has them."""
    role = spec["role"]
    if role == "dense":
        return dense_gradients(x, arrays[spec["weight"]], upstream)
    if role == "conv2d":
        place = spec.get("stride", 1), spec.get("padding", 0)
        found = convolution_gradients(x, arrays[spec["weight"]], upstream, *place)
        return {"weight": found["kernel"], "bias": found["bias"], "input": found["input"]}
    if role in ("max_pool", "average_pool"):
        size, stride, kind = _window(spec)
        return {"input": pooling_gradient(x, upstream, size, stride, kind)}
    if role == "flatten":
        return {"input": upstream.reshape(x.shape)}
    return {"input": activations.GRADIENT[role](x, upstream)}


def network_output(specs: list[dict[str, Any]], arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """All layers one after the other."""
    for spec in specs:
        x = layer_output(spec, arrays, x)
    return x


def squared_error_gradients(
    specs: list[dict[str, Any]], arrays: Arrays, x: np.ndarray, targets: np.ndarray
) -> tuple[float, Arrays]:
    """The mean squared error of the network's output, and its gradient in every named array."""
    inputs = [x]
    for spec in specs:
        inputs.append(layer_output(spec, arrays, inputs[-1]))
    upstream = losses.mean_squared_error_gradient(inputs[-1], targets)
    gradients: Arrays = {}
    for spec, given in zip(reversed(specs), reversed(inputs[:-1]), strict=True):
        found = layer_gradients(spec, arrays, given, upstream)
        for role in ("weight", "bias"):
            if spec.get(role) in arrays:
                gradients[spec[role]] = found[role]
        upstream = found["input"]
    return losses.mean_squared_error(inputs[-1], targets), gradients


def descend(
    specs: list[dict[str, Any]],
    arrays: Arrays,
    x: np.ndarray,
    targets: np.ndarray,
    rate: float,
    steps: int,
) -> list[float]:
    """The mean squared error before each step of plain gradient descent, and after the last."""
    held = dict(arrays)
    errors = []
    for _ in range(steps):
        error, gradients = squared_error_gradients(specs, held, x, targets)
        errors.append(error)
        held |= {name: held[name] - rate * gradient for name, gradient in gradients.items()}
    return [*errors, squared_error_gradients(specs, held, x, targets)[0]]


def _window(spec: dict[str, Any]) -> tuple[int, int, str]:
    kind = "max" if spec["role"] == "max_pool" else "average"
    return spec["kernel"], spec.get("stride", spec["kernel"]), kind
