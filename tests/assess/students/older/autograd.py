"""A variable around a tensor, which passes gradients on by calling its parents."""

import numpy as np
from tensor import Tensor


class Variable:
    def __init__(self, data, requires_grad=True, grad_fn=None):
        self.data = data if isinstance(data, Tensor) else Tensor(data)
        self.requires_grad = requires_grad
        self.grad = None
        self.grad_fn = grad_fn

    @property
    def shape(self):
        return self.data.shape

    def backward(self, gradient=None):
        if gradient is None:
            gradient = Variable(np.ones_like(self.data.data))
        self.grad = gradient
        if self.grad_fn is not None:
            self.grad_fn(gradient)
