"""A tensor with reverse-mode gradients."""

import numpy as np


def unbroadcast(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class Tensor:
    def __init__(self, data, requires_grad=False, parents=(), pull=None):
        self.data = np.asarray(data.data if isinstance(data, Tensor) else data, dtype=np.float32)
        self.requires_grad = requires_grad or any(p.requires_grad for p in parents)
        self.grad = None
        self._parents = parents
        self._pull = pull

    @property
    def shape(self):
        return self.data.shape

    def backward(self, grad=None):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node._parents:
                    visit(parent)
                order.append(node)

        visit(self)
        seed = np.ones_like(self.data) if grad is None else np.asarray(getattr(grad, "data", grad))
        self._receive(seed)
        for node in reversed(order):
            if node._pull is not None and node.grad is not None:
                for parent, gradient in zip(node._parents, node._pull(node.grad), strict=True):
                    if parent.requires_grad:
                        parent._receive(gradient)

    def _receive(self, gradient):
        gradient = unbroadcast(gradient, self.data.shape)
        self.grad = gradient if self.grad is None else self.grad + gradient

    def __add__(self, other):
        other = as_tensor(other)
        return Tensor(self.data + other.data, parents=(self, other), pull=lambda g: (g, g))

    def __sub__(self, other):
        other = as_tensor(other)
        return Tensor(self.data - other.data, parents=(self, other), pull=lambda g: (g, -g))

    def __mul__(self, other):
        other = as_tensor(other)
        return Tensor(
            self.data * other.data,
            parents=(self, other),
            pull=lambda g: (g * other.data, g * self.data),
        )

    def __truediv__(self, other):
        other = as_tensor(other)
        return Tensor(
            self.data / other.data,
            parents=(self, other),
            pull=lambda g: (g / other.data, -g * self.data / other.data**2),
        )

    def __matmul__(self, other):
        return Tensor(
            self.data @ other.data,
            parents=(self, other),
            pull=lambda g: (g @ other.data.T, self.data.T @ g),
        )

    def sum(self):
        return Tensor(
            self.data.sum(), parents=(self,), pull=lambda g: (np.broadcast_to(g, self.shape),)
        )

    def mean(self):
        return self.sum() * (1.0 / self.data.size)

    def reshape(self, *shape):
        return Tensor(
            self.data.reshape(*shape), parents=(self,), pull=lambda g: (g.reshape(self.shape),)
        )

    @property
    def T(self):
        return Tensor(self.data.T, parents=(self,), pull=lambda g: (g.T,))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return Tensor(self.data[index])


def as_tensor(value):
    return value if isinstance(value, Tensor) else Tensor(value)
