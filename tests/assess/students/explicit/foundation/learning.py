"""Losses, optimizers and batches on plain arrays."""

import numpy as np

SLOPES = (("W", "dW"), ("b", "db"), ("filters", "d_filters"), ("biases", "d_biases"))


class MeanSquaredError:
    def forward(self, predictions, targets):
        self.predictions, self.targets = predictions, targets
        return np.mean((predictions - targets) ** 2)

    def backward(self):
        return 2 * (self.predictions - self.targets) / self.predictions.size


class SoftmaxCrossEntropy:
    def forward(self, logits, one_hot):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), one_hot
        return -np.sum(one_hot * np.log(self.p + 1e-12)) / len(logits)

    def backward(self):
        return (self.p - self.y) / len(self.p)


def binary_cross_entropy(p, y):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def binary_cross_entropy_prime(p, y):
    return (p - y) / (p * (1 - p)) / p.size


class SGD:
    def __init__(self, learning_rate=0.01, momentum=0.0):
        self.learning_rate, self.momentum = learning_rate, momentum
        self.velocities = {}

    def step(self, layer):
        for name, slope in (
            ("W", "dW"),
            ("b", "db"),
            ("filters", "d_filters"),
            ("biases", "d_biases"),
        ):
            if getattr(layer, slope, None) is not None:
                key = (id(layer), name)
                velocity = self.momentum * self.velocities.get(key, 0.0) + getattr(layer, slope)
                self.velocities[key] = velocity
                getattr(layer, name)[...] -= self.learning_rate * velocity


class Adam:
    def __init__(self, learning_rate=0.001):
        self.learning_rate = learning_rate
        self.state = {}

    def step(self, layer):
        for name, slope in (
            ("W", "dW"),
            ("b", "db"),
            ("filters", "d_filters"),
            ("biases", "d_biases"),
        ):
            g = getattr(layer, slope, None)
            if g is not None:
                m, v, t = self.state.get((id(layer), name), (0.0, 0.0, 0))
                m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, t + 1
                self.state[id(layer), name] = (m, v, t)
                step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
                getattr(layer, name)[...] -= self.learning_rate * step


def minibatches(x, y, batch_size, shuffle=True):
    order = np.random.permutation(len(x)) if shuffle else np.arange(len(x))
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        yield x[chosen], y[chosen]
