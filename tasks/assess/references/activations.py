"""Activations and their gradients."""

from collections.abc import Callable

import numpy as np


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0), elementwise."""
    return np.maximum(x, 0.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), elementwise; never overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softmax(x: np.ndarray) -> np.ndarray:
    """Along the last axis, shifted by its maximum."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def relu_gradient(x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of a loss in x, given its gradient in relu(x)."""
    return upstream * (x > 0)


def sigmoid_gradient(x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of a loss in x, given its gradient in sigmoid(x)."""
    value = sigmoid(x)
    return upstream * value * (1.0 - value)


def tanh_gradient(x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of a loss in x, given its gradient in tanh(x)."""
    return upstream * (1.0 - np.tanh(x) ** 2)


def softmax_gradient(x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of a loss in x, given its gradient in softmax(x)."""
    value = softmax(x)
    return value * (upstream - (upstream * value).sum(axis=-1, keepdims=True))


FORWARD: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softmax": softmax,
}

GRADIENT: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "relu": relu_gradient,
    "sigmoid": sigmoid_gradient,
    "tanh": tanh_gradient,
    "softmax": softmax_gradient,
}
