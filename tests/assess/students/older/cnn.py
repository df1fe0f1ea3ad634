"""A convolution of one channel, whose kernel is a plain array and never learns."""

import numpy as np
from tensor import Tensor


def conv2d_naive(image, kernel):
    height, width = kernel.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    out = np.zeros((rows, columns), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            out[i, j] = np.sum(image[i : i + height, j : j + width] * kernel)
    return out


class Conv2D:
    def __init__(self, kernel_size):
        height, width = kernel_size
        self.kernel = np.random.randn(height, width).astype(np.float32) * 0.1

    def forward(self, x):
        return Tensor(conv2d_naive(x.data, self.kernel))

    def __call__(self, x):
        return self.forward(x)


def flatten(x):
    return Tensor(x.data.flatten()[None, :])
