"""Layers of images (n, channels, height, width): convolution, pooling, batch normalisation."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from smalltorch.core.module import Module, Parameter
from smalltorch.core.tensor import Tensor


class Conv2d(Module):
    """A two-dimensional convolution (cross-correlation), as one matrix product.

    Args:
        kernel_size: height and width of the kernel, in pixels.
        stride: step of the kernel.
        padding: zeros added on every side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        rng=None,
    ) -> None:
        super().__init__()
        rng = rng or np.random.default_rng(0)
        height, width = _pair(kernel_size)
        fan_in = in_channels * height * width
        weight = rng.normal(0, np.sqrt(2 / fan_in), (out_channels, in_channels, height, width))
        self.weight = Parameter(weight.astype(np.float32))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        out_channels, in_channels, height, width = self.weight.shape
        if x.ndim != 4 or x.shape[1] != in_channels:
            raise ValueError(f"expected (n, {in_channels}, height, width), got {x.shape}")
        # Channels last inside: the windows then copy whole runs of memory.
        padded = _padded(x.data.transpose(0, 2, 3, 1), self.padding)
        windows = sliding_window_view(padded, (height, width), axis=(1, 2))
        windows = windows[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        n, rows, columns = windows.shape[:3]
        if rows < 1 or columns < 1:
            raise ValueError(f"an image of {x.shape[2:]} is smaller than the kernel")
        patches = np.ascontiguousarray(windows).reshape(n * rows * columns, -1)
        kernel = self.weight.data.transpose(2, 3, 1, 0).reshape(-1, out_channels)
        out = (patches @ kernel).reshape(n, rows, columns, out_channels)
        if self.bias is not None:
            out += self.bias.data

        def back(g: np.ndarray) -> tuple:
            g = g.transpose(0, 2, 3, 1).reshape(-1, out_channels)
            of_kernel = (patches.T @ g).reshape(height, width, in_channels, out_channels)
            of_kernel = of_kernel.transpose(3, 2, 0, 1)
            of_input = self._to_input(g @ kernel.T, padded.shape, rows, columns)
            return (of_input, of_kernel) + (() if self.bias is None else (g.sum(0),))

        parents = (x, self.weight) + (() if self.bias is None else (self.bias,))
        return Tensor.from_operation(out.transpose(0, 3, 1, 2), parents, back)

    def _to_input(self, patches: np.ndarray, shape: tuple, rows: int, columns: int) -> np.ndarray:
        """Gradients of the patches added up where the patches lay."""
        _, in_channels, height, width = self.weight.shape
        patches = patches.reshape(shape[0], rows, columns, height, width, in_channels)
        out = np.zeros(shape, patches.dtype)
        s = self.stride
        for i in range(height):
            for j in range(width):
                out[:, i : i + s * rows : s, j : j + s * columns : s] += patches[:, :, :, i, j]
        inside = slice(self.padding, -self.padding or None)
        return out[:, inside, inside].transpose(0, 3, 1, 2)


class MaxPool2d(Module):
    """The largest value of each window; its gradient goes to the first place that held it."""

    def __init__(self, kernel_size: int, stride: int | None = None) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride or kernel_size

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size, self.stride
        rows, columns = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1

        def places(array: np.ndarray):
            for i in range(k):
                for j in range(k):
                    yield array[:, :, i : i + s * rows : s, j : j + s * columns : s]

        out = np.maximum.reduce(list(places(x.data)))

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            of_input = np.zeros_like(x.data)
            open_ = np.ones(out.shape, bool)
            for value, target in zip(places(x.data), places(of_input), strict=True):
                here = open_ & (value == out)
                target += g * here
                open_ &= ~here
            return (of_input,)

        return Tensor.from_operation(out, (x,), back)


class AvgPool2d(Module):
    """The mean of each window."""

    def __init__(self, kernel_size: int, stride: int | None = None) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride or kernel_size

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size, self.stride
        windows = sliding_window_view(x.data, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        rows, columns = windows.shape[2:4]

        def back(g: np.ndarray) -> tuple[np.ndarray]:
            of_input = np.zeros(x.shape, g.dtype)
            for i in range(k):
                for j in range(k):
                    of_input[:, :, i : i + s * rows : s, j : j + s * columns : s] += g / k**2
            return (of_input,)

        return Tensor.from_operation(windows.mean((4, 5)), (x,), back)


class BatchNorm2d(Module):
    """Zero mean and unit variance a channel (Ioffe and Szegedy 2015), then scale and shift."""

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.weight = Parameter(np.ones(channels, np.float32))
        self.bias = Parameter(np.zeros(channels, np.float32))
        self.register_buffer("running_mean", np.zeros(channels, np.float32))
        self.register_buffer("running_var", np.ones(channels, np.float32))
        self.eps, self.momentum = eps, momentum

    def forward(self, x: Tensor) -> Tensor:
        return self._of_batch(x) if self.training else self._of_running(x)

    def _of_running(self, x: Tensor) -> Tensor:
        deviation = np.sqrt(self.running_var + self.eps)[:, None, None]
        normal = (x - self.running_mean[:, None, None]) * (1 / deviation)
        return normal * self.weight.reshape(-1, 1, 1) + self.bias.reshape(-1, 1, 1)

    def _of_batch(self, x: Tensor) -> Tensor:
        axes, count = (0, 2, 3), x.size // x.shape[1]
        mean, variance = x.data.mean(axes), x.data.var(axes)
        self.running_mean += self.momentum * (mean - self.running_mean)
        unbiased = variance * count / max(count - 1, 1)
        self.running_var += self.momentum * (unbiased - self.running_var)
        deviation = np.sqrt(variance + self.eps)[:, None, None]
        normal = (x.data - mean[:, None, None]) / deviation
        scale = self.weight.data[:, None, None]

        def back(g: np.ndarray) -> tuple:
            inner = g * scale
            of_input = inner - inner.mean(axes, keepdims=True)
            of_input = of_input - normal * (inner * normal).mean(axes, keepdims=True)
            return of_input / deviation, (g * normal).sum(axes), g.sum(axes)

        out = normal * scale + self.bias.data[:, None, None]
        return Tensor.from_operation(out, (x, self.weight, self.bias), back)


def _pair(size) -> tuple[int, int]:
    return tuple(size) if isinstance(size, tuple | list) else (size, size)


def _padded(images: np.ndarray, padding: int) -> np.ndarray:
    if padding == 0:
        return images
    return np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
