"""Scaled dot-product attention."""

import numpy as np

from tasks.assess.references.activations import softmax


def attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, causal: bool = False
) -> np.ndarray:
    """softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        queries: (..., time, d); keys and values alike.
        causal: whether a position sees only itself and what was before it.

    Returns:
        (..., time, d of the values).
    """
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])
    if causal:
        later = np.triu(np.ones(scores.shape[-2:], dtype=bool), k=1)
        scores = np.where(later, -np.inf, scores)
    return softmax(scores) @ values
