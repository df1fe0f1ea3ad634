"""Ways to step down the gradient."""

import numpy as np

from smalltorch.core.tensor import Tensor


class Optimizer:
    """Base: knows the parameters and clears their gradients."""

    def __init__(self, parameters, lr: float) -> None:
        self.parameters: list[Tensor] = list(parameters)
        if not self.parameters:
            raise ValueError("An optimizer needs parameters.")
        if lr < 0:
            raise ValueError("A learning rate cannot be negative.")
        self.lr = lr

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.zero_grad()


class SGD(Optimizer):
    """v = momentum v + g; p = p - lr v."""

    def __init__(self, parameters, lr: float = 0.01, momentum: float = 0.0, weight_decay=0.0):
        super().__init__(parameters, lr)
        self.momentum, self.weight_decay = momentum, weight_decay
        self._velocity = [None] * len(self.parameters)

    def step(self) -> None:
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                continue
            gradient = parameter.grad + self.weight_decay * parameter.data
            if self.momentum:
                before = self._velocity[number]
                gradient = gradient if before is None else self.momentum * before + gradient
                self._velocity[number] = gradient
            parameter.data -= (self.lr * gradient).astype(parameter.dtype)


class Adam(Optimizer):
    """Kingma and Ba 2015, with bias correction."""

    def __init__(self, parameters, lr: float = 0.001, betas=(0.9, 0.999), eps: float = 1e-8):
        super().__init__(parameters, lr)
        self.betas, self.eps, self.steps = betas, eps, 0
        self._mean = [np.zeros_like(parameter.data) for parameter in self.parameters]
        self._square = [np.zeros_like(parameter.data) for parameter in self.parameters]

    def step(self) -> None:
        self.steps += 1
        first, second = self.betas
        for parameter, mean, square in zip(self.parameters, self._mean, self._square, strict=True):
            if parameter.grad is None:
                continue
            mean += (1 - first) * (parameter.grad - mean)
            square += (1 - second) * (parameter.grad**2 - square)
            corrected = mean / (1 - first**self.steps)
            deviation = np.sqrt(square / (1 - second**self.steps)) + self.eps
            parameter.data -= (self.lr * corrected / deviation).astype(parameter.dtype)
