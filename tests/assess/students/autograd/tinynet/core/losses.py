"""Losses."""

import numpy as np

from tinynet.core.tensor import Tensor


class MSELoss:
    def __call__(self, predictions, targets):
        difference = predictions - targets
        return (difference * difference).mean()


class CrossEntropyLoss:
    def __call__(self, logits, targets):
        classes = np.asarray(targets.data).astype(int)
        rows = np.arange(len(classes))
        shifted = logits.data - logits.data.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

        def pull(g):
            gradient = np.exp(logs)
            gradient[rows, classes] -= 1
            return (g * gradient / len(classes),)

        return Tensor(-logs[rows, classes].mean(), parents=(logits,), pull=pull)


class BinaryCrossEntropyLoss:
    def __call__(self, probabilities, targets):
        p, y = probabilities.data, targets.data
        value = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        return Tensor(
            value,
            parents=(probabilities,),
            pull=lambda g: (g * (p - y) / (p * (1 - p)) / p.size,),
        )
