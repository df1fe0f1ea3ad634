"""Non-linear functions, each with its gradient."""

import numpy as np

from smalltorch.core.module import Module
from smalltorch.core.tensor import Tensor


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        positive = x.data > 0
        return Tensor.from_operation(x.data * positive, (x,), lambda g: (g * positive,))


class Sigmoid(Module):
    """1 / (1 + exp(-x)), without overflow for large negative x."""

    def forward(self, x: Tensor) -> Tensor:
        small = np.exp(-np.abs(x.data))
        out = np.where(x.data >= 0, 1 / (1 + small), small / (1 + small))
        return Tensor.from_operation(out, (x,), lambda g: (g * out * (1 - out),))


class Tanh(Module):
    def forward(self, x: Tensor) -> Tensor:
        out = np.tanh(x.data)
        return Tensor.from_operation(out, (x,), lambda g: (g * (1 - out**2),))


class GELU(Module):
    """x times the normal distribution's share below x, in its tanh approximation."""

    def forward(self, x: Tensor) -> Tensor:
        a = x.data
        scale = a.dtype.type(np.sqrt(2 / np.pi))
        bent = np.tanh(scale * (a + a.dtype.type(0.044715) * a**3))
        slope = scale * (1 + a.dtype.type(3 * 0.044715) * a**2)
        derivative = 0.5 * (1 + bent) + 0.5 * a * (1 - bent**2) * slope
        return Tensor.from_operation(0.5 * a * (1 + bent), (x,), lambda g: (g * derivative,))


class Softmax(Module):
    """Shares that sum to 1 along an axis; the largest value is taken off first, for stability."""

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        high = np.exp(x.data - x.data.max(self.axis, keepdims=True))
        out = high / high.sum(self.axis, keepdims=True)

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            return (out * (g - (g * out).sum(self.axis, keepdims=True)),)

        return Tensor.from_operation(out, (x,), back)
