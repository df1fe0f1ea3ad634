"""A tensor without gradients."""

import numpy as np


class Tensor:
    def __init__(self, data):
        self._data = np.array(data, dtype=np.float32)

    @property
    def data(self):
        return self._data

    @property
    def shape(self):
        return self._data.shape

    def __add__(self, other):
        return Tensor(self._data + other._data)
