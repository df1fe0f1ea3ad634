"""Dense layers, activations and containers."""

import numpy as np

from tinynet.core.tensor import Tensor


class Module:
    def __call__(self, x):
        return self.forward(x)

    def parameters(self):
        found = []
        for value in vars(self).values():
            if isinstance(value, Tensor) and value.requires_grad:
                found.append(value)
            elif isinstance(value, Module):
                found += value.parameters()
            elif isinstance(value, list):
                found += [p for item in value for p in item.parameters()]
        return found


class Linear(Module):
    def __init__(self, in_features, out_features):
        scale = np.sqrt(2.0 / in_features)
        self.weight = Tensor(np.random.randn(in_features, out_features) * scale, True)
        self.bias = Tensor(np.zeros(out_features), True)

    def forward(self, x):
        return x @ self.weight + self.bias


class ReLU(Module):
    def forward(self, x):
        return Tensor(np.maximum(x.data, 0), parents=(x,), pull=lambda g: (g * (x.data > 0),))


class Sigmoid(Module):
    def forward(self, x):
        y = 0.5 * (1.0 + np.tanh(0.5 * x.data))
        return Tensor(y, parents=(x,), pull=lambda g: (g * y * (1 - y),))


class Tanh(Module):
    def forward(self, x):
        y = np.tanh(x.data)
        return Tensor(y, parents=(x,), pull=lambda g: (g * (1 - y**2),))


class Softmax(Module):
    def forward(self, x):
        e = np.exp(x.data - x.data.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
        return Tensor(
            y,
            parents=(x,),
            pull=lambda g: (y * (g - (g * y).sum(axis=-1, keepdims=True)),),
        )


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
