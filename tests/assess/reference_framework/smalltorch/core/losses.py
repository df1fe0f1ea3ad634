"""Losses: the mean over the batch of how wrong the predictions are."""

import numpy as np

from smalltorch.core.module import Module
from smalltorch.core.tensor import Tensor, as_tensor


class MSELoss(Module):
    """The mean squared error."""

    def forward(self, predictions: Tensor, targets) -> Tensor:
        targets = as_tensor(targets)
        if predictions.shape != targets.shape:
            raise ValueError(f"shapes {predictions.shape} and {targets.shape} differ")
        difference = predictions - targets
        return (difference * difference).mean()


class CrossEntropyLoss(Module):
    """The mean negative logarithm of the softmax share of the right class.

    Logits are (…, classes); targets are whole numbers of the shape before.
    """

    def forward(self, logits: Tensor, targets) -> Tensor:
        targets = np.asarray(getattr(targets, "data", targets)).astype(np.int64)
        if targets.shape != logits.shape[:-1]:
            raise ValueError(f"logits {logits.shape} do not fit targets {targets.shape}")
        flat, right = logits.data.reshape(-1, logits.shape[-1]), targets.reshape(-1)
        shifted = flat - flat.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        each = np.arange(len(right))

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            out = np.exp(logs)
            out[each, right] -= 1
            return ((out * (g / len(right))).reshape(logits.shape),)

        return Tensor.from_operation(-logs[each, right].mean(), (logits,), back)


class BinaryCrossEntropyLoss(Module):
    """For shares between 0 and 1 and targets 0 or 1; shares are kept off the ends."""

    def __init__(self, eps: float = 1e-7) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, shares: Tensor, targets) -> Tensor:
        targets = np.asarray(getattr(targets, "data", targets), dtype=shares.dtype)
        p = np.clip(shares.data, self.eps, 1 - self.eps)
        value = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            return (g * (p - targets) / (p * (1 - p)) / p.size,)

        return Tensor.from_operation(value, (shares,), back)
