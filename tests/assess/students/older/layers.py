"""A dense layer for tensors and variables."""

import numpy as np
from autograd import Variable
from tensor import Tensor


class Dense:
    def __init__(self, input_size, output_size, use_bias=True):
        self.weights = Variable(np.random.randn(input_size, output_size) * 0.1)
        self.bias = Variable(np.zeros(output_size)) if use_bias else None

    def forward(self, x):
        weights, bias = self.weights.data.data, self.bias.data.data
        if not isinstance(x, Variable):
            return Tensor(x.data @ weights + bias)

        def pull(gradient):
            g = gradient.data.data
            self.weights.backward(Variable(x.data.data.T @ g))
            self.bias.backward(Variable(g.sum(axis=0)))
            x.backward(Variable(g @ weights.T))

        return Variable(x.data.data @ weights + bias, grad_fn=pull)

    def __call__(self, x):
        return self.forward(x)
