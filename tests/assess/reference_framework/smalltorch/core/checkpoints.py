"""Weights as files of plain arrays."""

import numpy as np

from smalltorch.core.module import Module


def save_checkpoint(model: Module, path) -> None:
    """Write all weights and running statistics to an .npz file."""
    np.savez(path, **model.state_dict())


def load_checkpoint(model: Module, path) -> Module:
    """Read them back into a model of the same shape."""
    with np.load(path, allow_pickle=False) as arrays:
        model.load_state_dict(dict(arrays))
    return model
