"""A decoder-only language model made of the framework's own layers."""

import numpy as np

from smalltorch.core.activations import GELU
from smalltorch.core.attention import MultiHeadAttention
from smalltorch.core.layers import Embedding, LayerNorm, Linear, Sequential
from smalltorch.core.module import Module
from smalltorch.core.tensor import Tensor, no_grad


class TransformerBlock(Module):
    """Attention and a two-layer network, each on a normalised input and added to it."""

    def __init__(self, embed_dim: int, num_heads: int, rng=None) -> None:
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(embed_dim), LayerNorm(embed_dim)
        self.attention = MultiHeadAttention(embed_dim, num_heads, causal=True, rng=rng)
        self.network = Sequential(
            Linear(embed_dim, 4 * embed_dim, rng=rng),
            GELU(),
            Linear(4 * embed_dim, embed_dim, rng=rng),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.network(self.norm2(x))


class GPT(Module):
    """Token ids (n, time) to logits (n, time, vocab_size).

    Args:
        block_size: the longest context, in tokens.
    """

    def __init__(
        self, vocab_size: int, block_size: int, embed_dim=48, num_heads=4, num_layers=2, seed=0
    ) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        self.vocab_size, self.block_size = vocab_size, block_size
        self.token_embedding = Embedding(vocab_size, embed_dim, rng=rng)
        self.position_embedding = Embedding(block_size, embed_dim, rng=rng)
        self.blocks = Sequential(
            *(TransformerBlock(embed_dim, num_heads, rng=rng) for _ in range(num_layers))
        )
        self.norm = LayerNorm(embed_dim)
        self.head = Linear(embed_dim, vocab_size, bias=False, rng=rng)

    def forward(self, ids) -> Tensor:
        ids = np.asarray(getattr(ids, "data", ids))
        if ids.ndim != 2:
            raise ValueError(f"expected ids of shape (n, time), got {ids.shape}")
        time = ids.shape[1]
        if not 0 < time <= self.block_size:
            raise ValueError(f"a context has 1 to {self.block_size} tokens, not {time}")
        x = self.token_embedding(ids) + self.position_embedding(np.arange(time))
        return self.head(self.norm(self.blocks(x)))

    def generate(self, ids, max_new_tokens: int, temperature: float = 0.0, seed: int = 0):
        """The prompt's ids (time,) with new ones behind; the likeliest each at temperature 0."""
        ids = [int(i) for i in np.asarray(getattr(ids, "data", ids)).reshape(-1)]
        rng = np.random.default_rng(seed)
        with no_grad():
            for _ in range(max_new_tokens):
                context = np.array([ids[-self.block_size :]])
                logits = self(context).data[0, -1].astype(np.float64)
                if temperature <= 0:
                    ids.append(int(logits.argmax()))
                    continue
                shares = np.exp((logits - logits.max()) / temperature)
                ids.append(int(rng.choice(len(shares), p=shares / shares.sum())))
        return ids
