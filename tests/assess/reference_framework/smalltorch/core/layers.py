"""Layers of vectors: linear, normalisation, embedding, dropout, and what puts layers together."""

import numpy as np

from smalltorch.core.module import Module, Parameter
from smalltorch.core.tensor import Tensor


class Linear(Module):
    """x W + b.

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        bias: whether b is there.
        rng: where the first weights come from (He et al. 2015); seeded with 0 by default.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, rng=None) -> None:
        super().__init__()
        if in_features < 1 or out_features < 1:
            raise ValueError("A linear layer needs at least one feature in and one out.")
        rng = rng or np.random.default_rng(0)
        scale = np.sqrt(2 / in_features)
        weight = rng.normal(0, scale, (in_features, out_features)).astype(np.float32)
        self.weight = Parameter(weight)
        self.bias = Parameter(np.zeros(out_features, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.weight.shape[0]:
            raise ValueError(f"expected {self.weight.shape[0]} features, got shape {x.shape}")
        out = x @ self.weight
        return out if self.bias is None else out + self.bias


class Flatten(Module):
    """(n, …) to (n, product of the rest)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1)


class Sequential(Module):
    """Layers one after the other, given one by one or as a list."""

    def __init__(self, *layers) -> None:
        super().__init__()
        self.layers = list(
            layers[0] if len(layers) == 1 and isinstance(layers[0], list) else layers
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Dropout(Module):
    """Silences a share of the values in training and scales the others up."""

    def __init__(self, p: float = 0.5, rng=None) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError("The share dropped must be at least 0 and below 1.")
        self.p, self.rng = p, rng or np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        kept = kept.astype(x.dtype)
        return Tensor.from_operation(x.data * kept, (x,), lambda g: (g * kept,))


class LayerNorm(Module):
    """Zero mean and unit variance along the last axis, then a learned scale and shift."""

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = Parameter(np.ones(features, np.float32))
        self.bias = Parameter(np.zeros(features, np.float32))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred * (variance + self.eps) ** -0.5 * self.weight + self.bias


class Embedding(Module):
    """One learned vector a whole number."""

    def __init__(self, count: int, features: int, rng=None) -> None:
        super().__init__()
        rng = rng or np.random.default_rng(0)
        self.weight = Parameter(rng.normal(0, 0.02, (count, features)).astype(np.float32))

    def forward(self, ids) -> Tensor:
        ids = np.asarray(getattr(ids, "data", ids))
        if ids.dtype.kind not in "iu":
            raise TypeError("An embedding takes whole numbers.")
        if ids.size and (ids.min() < 0 or ids.max() >= self.weight.shape[0]):
            raise IndexError(f"ids must lie from 0 to {self.weight.shape[0] - 1}")
        return self.weight[ids]
