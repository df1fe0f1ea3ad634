"""Optimizers."""

import numpy as np


class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = list(parameters), lr

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None


class SGD(Optimizer):
    def __init__(self, parameters, lr=0.01, momentum=0.0):
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.velocity = [np.zeros_like(p.data) for p in self.parameters]

    def step(self):
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                gradient = np.asarray(getattr(parameter.grad, "data", parameter.grad))
                self.velocity[i] = self.momentum * self.velocity[i] + gradient
                parameter.data = parameter.data - self.lr * self.velocity[i]


class Adam(Optimizer):
    def __init__(self, parameters, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(parameters, lr)
        self.betas, self.eps, self.t = (beta1, beta2), eps, 0
        self.first = [np.zeros_like(p.data) for p in self.parameters]
        self.second = [np.zeros_like(p.data) for p in self.parameters]

    def step(self):
        self.t += 1
        one, two = self.betas
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                gradient = np.asarray(getattr(parameter.grad, "data", parameter.grad))
                self.first[i] = one * self.first[i] + (1 - one) * gradient
                self.second[i] = two * self.second[i] + (1 - two) * gradient**2
                first = self.first[i] / (1 - one**self.t)
                second = self.second[i] / (1 - two**self.t)
                parameter.data = parameter.data - self.lr * first / (np.sqrt(second) + self.eps)
