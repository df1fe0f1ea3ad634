"""Max and average pooling, and their gradients."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def pool(images: np.ndarray, size: int, stride: int, kind: str = "max") -> np.ndarray:
    """The maximum or mean of each window.

    Args:
        images: (n, channels, height, width).
        kind: max or average.

    Returns:
        (n, channels, (height - size) // stride + 1, (width - size) // stride + 1).
    """
    windows = sliding_window_view(images, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    return windows.max(axis=(4, 5)) if kind == "max" else windows.mean(axis=(4, 5))


def pooling_gradient(
    images: np.ndarray, upstream: np.ndarray, size: int, stride: int, kind: str = "max"
) -> np.ndarray:
    """Of a loss in the images, given its gradient in the pooled ones; the maxima must be unique."""
    gradient = np.zeros_like(images)
    for row in range(upstream.shape[2]):
        for column in range(upstream.shape[3]):
            top, left = row * stride, column * stride
            area = np.s_[:, :, top : top + size, left : left + size]
            window = images[area]
            if kind == "max":
                shares = window == window.max(axis=(2, 3), keepdims=True)
            else:
                shares = np.full(window.shape, 1.0 / size**2)
            gradient[area] += shares * upstream[:, :, row, column][:, :, None, None]
    return gradient
