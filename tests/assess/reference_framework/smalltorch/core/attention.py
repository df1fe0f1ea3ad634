"""Scaled dot-product attention (Vaswani et al. 2017) with several heads."""

import numpy as np

from smalltorch.core.activations import Softmax
from smalltorch.core.layers import Linear
from smalltorch.core.module import Module
from smalltorch.core.tensor import Tensor

HIDDEN = -1e9


class MultiHeadAttention(Module):
    """Each position looks at others; with `causal`, at none after itself.

    Input and output are (n, time, embed_dim).
    """

    def __init__(self, embed_dim: int, num_heads: int, causal: bool = False, rng=None) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"{embed_dim} features cannot be shared among {num_heads} heads")
        self.num_heads, self.causal = num_heads, causal
        self.query = Linear(embed_dim, embed_dim, rng=rng)
        self.key = Linear(embed_dim, embed_dim, rng=rng)
        self.value = Linear(embed_dim, embed_dim, rng=rng)
        self.out = Linear(embed_dim, embed_dim, rng=rng)
        self.softmax = Softmax()

    def forward(self, x: Tensor) -> Tensor:
        n, time, features = x.shape
        query, key, value = (
            layer(x).reshape(n, time, self.num_heads, -1).transpose(0, 2, 1, 3)
            for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(0, 1, 3, 2) * (features // self.num_heads) ** -0.5
        if self.causal:
            scores = scores + np.triu(np.full((time, time), HIDDEN, scores.dtype), 1)
        mixed = self.softmax(scores) @ value
        return self.out(mixed.transpose(0, 2, 1, 3).reshape(n, time, features))
