"""Convolution and pooling."""

import numpy as np

from tinynet.core.layers import Module
from tinynet.core.tensor import Tensor


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = Tensor(np.random.randn(*shape) * 0.1, True)
        self.bias = Tensor(np.zeros(out_channels), True)
        self.size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        k, s, p = self.size, self.stride, self.padding
        padded = np.pad(x.data, ((0, 0), (0, 0), (p, p), (p, p)))
        rows = (padded.shape[2] - k) // s + 1
        columns = (padded.shape[3] - k) // s + 1
        kernel = self.weight.data
        out = np.zeros((len(padded), len(kernel), rows, columns), dtype=np.float32)
        for i in range(rows):
            for j in range(columns):
                patch = padded[:, :, i * s : i * s + k, j * s : j * s + k]
                out[:, :, i, j] = np.einsum("ncij,fcij->nf", patch, kernel)
        out += self.bias.data[None, :, None, None]

        def pull(g):
            to_input, to_kernel = np.zeros_like(padded), np.zeros_like(kernel)
            for i in range(rows):
                for j in range(columns):
                    area = np.s_[:, :, i * s : i * s + k, j * s : j * s + k]
                    to_kernel[...] += np.einsum("nf,ncij->fcij", g[:, :, i, j], padded[area])
                    to_input[area] += np.einsum("nf,fcij->ncij", g[:, :, i, j], kernel)
            height, width = x.data.shape[2:]
            inner = to_input[:, :, p : p + height, p : p + width]
            return inner, to_kernel, g.sum(axis=(0, 2, 3))

        return Tensor(out, parents=(x, self.weight, self.bias), pull=pull)


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None):
        self.size, self.stride = kernel_size, stride or kernel_size

    def forward(self, x):
        k, s = self.size, self.stride
        rows = (x.shape[2] - k) // s + 1
        columns = (x.shape[3] - k) // s + 1
        out = np.zeros((*x.shape[:2], rows, columns), dtype=np.float32)
        for i in range(rows):
            for j in range(columns):
                window = x.data[:, :, i * s : i * s + k, j * s : j * s + k]
                out[:, :, i, j] = window.max(axis=(2, 3))

        def pull(g):
            to_input = np.zeros_like(x.data)
            for i in range(rows):
                for j in range(columns):
                    area = np.s_[:, :, i * s : i * s + k, j * s : j * s + k]
                    chosen = x.data[area] == out[:, :, i, j][:, :, None, None]
                    to_input[area] += chosen * g[:, :, i, j][:, :, None, None]
            return (to_input,)

        return Tensor(out, parents=(x,), pull=pull)


class Flatten(Module):
    def forward(self, x):
        return x.reshape(x.shape[0], -1)
