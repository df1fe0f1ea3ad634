"""Convolution as deep learning has it (cross-correlation), and its gradients."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def convolve(
    images: np.ndarray,
    kernels: np.ndarray,
    bias: np.ndarray | None = None,
    stride: int = 1,
    padding: int = 0,
) -> np.ndarray:
    """Cross-correlation.

    Args:
        images: (n, channels, height, width).
        kernels: (filters, channels, kernel height, kernel width).
        bias: (filters,).
        padding: zeros added to each of the four sides.

    Returns:
        (n, filters, out height, out width), out = (size + 2 padding - kernel) // stride + 1.
    """
    windows = _windows(_padded(images, padding), kernels.shape[2:], stride)
    output = np.einsum("nchwij,fcij->nfhw", windows, kernels)
    return output if bias is None else output + bias[None, :, None, None]


def convolution_gradients(
    images: np.ndarray, kernels: np.ndarray, upstream: np.ndarray, stride: int = 1, padding: int = 0
) -> dict[str, np.ndarray]:
    """Of a loss in `kernel`, `bias` and `input`, given its gradient in the output."""
    padded = _padded(images, padding)
    windows = _windows(padded, kernels.shape[2:], stride)
    to_padded = np.zeros_like(padded)
    for row in range(upstream.shape[2]):
        for column in range(upstream.shape[3]):
            top, left = row * stride, column * stride
            area = np.s_[:, :, top : top + kernels.shape[2], left : left + kernels.shape[3]]
            to_padded[area] += np.einsum("nf,fcij->ncij", upstream[:, :, row, column], kernels)
    height, width = images.shape[2:]
    return {
        "kernel": np.einsum("nchwij,nfhw->fcij", windows, upstream),
        "bias": upstream.sum(axis=(0, 2, 3)),
        "input": to_padded[:, :, padding : padding + height, padding : padding + width],
    }


def _padded(images: np.ndarray, padding: int) -> np.ndarray:
    return np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _windows(images: np.ndarray, kernel: tuple[int, ...], stride: int) -> np.ndarray:
    """(n, channels, out height, out width, kernel height, kernel width)."""
    return sliding_window_view(images, kernel, axis=(2, 3))[:, :, ::stride, ::stride]
