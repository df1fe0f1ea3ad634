"""The fully connected layer and its gradients."""

import numpy as np


def dense(inputs: np.ndarray, weights: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """inputs (n, in) @ weights (in, out) + bias (out,)."""
    output = inputs @ weights
    return output if bias is None else output + bias


def dense_gradients(
    inputs: np.ndarray, weights: np.ndarray, upstream: np.ndarray
) -> dict[str, np.ndarray]:
    """Of a loss in `weight` (in, out), `bias` and `input`, given its gradient in the output."""
    return {
        "weight": inputs.T @ upstream,
        "bias": upstream.sum(axis=0),
        "input": upstream @ weights.T,
    }
