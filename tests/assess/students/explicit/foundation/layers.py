"""Layers on plain arrays, each with a backward of its own."""

import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * np.sqrt(1.0 / n_in)
        self.b = np.zeros(n_out)
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T

    def params(self):
        return [self.W, self.b]


class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad):
        return grad * (self.x > 0)


class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-np.clip(x, -500, 500)))
        return self.y

    def backward(self, grad):
        return grad * self.y * (1 - self.y)


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad):
        return grad * (1 - self.y**2)


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad):
        return grad.reshape(self.shape)


class Conv2D:
    def __init__(self, in_channels, filters, kernel_size):
        self.k = kernel_size
        self.filters = np.random.randn(filters, in_channels, kernel_size, kernel_size) * 0.1
        self.biases = np.zeros(filters)
        self.d_filters = None
        self.d_biases = None

    def forward(self, x):
        self.x = x
        n, _, height, width = x.shape
        k = self.k
        out = np.zeros((n, len(self.filters), height - k + 1, width - k + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                patch = x[:, :, i : i + k, j : j + k]
                out[:, :, i, j] = np.tensordot(patch, self.filters, axes=([1, 2, 3], [1, 2, 3]))
        return out + self.biases.reshape(1, -1, 1, 1)

    def backward(self, grad):
        k = self.k
        self.d_filters = np.zeros_like(self.filters)
        self.d_biases = grad.sum(axis=(0, 2, 3))
        back = np.zeros_like(self.x, dtype=float)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                patch = self.x[:, :, i : i + k, j : j + k]
                self.d_filters += np.tensordot(grad[:, :, i, j], patch, axes=([0], [0]))
                back[:, :, i : i + k, j : j + k] += np.tensordot(
                    grad[:, :, i, j], self.filters, axes=([1], [0])
                )
        return back


class MaxPool2D:
    def __init__(self, pool_size=2):
        self.size = pool_size

    def forward(self, x):
        self.x = x
        n, c, height, width = x.shape
        k = self.size
        rows, columns = height // k, width // k
        cut = x[:, :, : rows * k, : columns * k].reshape(n, c, rows, k, columns, k)
        self.out = cut.max(axis=(3, 5))
        return self.out

    def backward(self, grad):
        k = self.size
        back = np.zeros_like(self.x, dtype=float)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                area = np.s_[:, :, i * k : i * k + k, j * k : j * k + k]
                top = self.out[:, :, i, j][:, :, None, None]
                back[area] += (self.x[area] == top) * grad[:, :, i, j][:, :, None, None]
        return back


class NeuralNetwork:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def params(self):
        return [p for layer in self.layers if hasattr(layer, "params") for p in layer.params()]

    def save(self, path):
        np.savez(path, *self.params())

    def load(self, path):
        with np.load(path) as held:
            for own, name in zip(self.params(), held.files, strict=True):
                own[...] = held[name]
