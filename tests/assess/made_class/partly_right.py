"""Submissions in which a part is wrong or missing, and the rest is the reference."""

from pathlib import Path

import numpy as np

from made_class.editing import add_weights, blur_weights, copy_reference, replace


def without_bias(folder: Path) -> None:
    """The dense layer forgets its bias."""
    copy_reference(folder)
    added = "return out if self.bias is None else out + self.bias"
    replace(folder, "layers.py", added, "return out")


def overflows_and_flattens_too_much(folder: Path) -> None:
    """Softmax of large numbers is NaN; flattening puts the whole batch into one row."""
    copy_reference(folder)
    replace(folder, "activations.py", "x.data - x.data.max(self.axis, keepdims=True)", "x.data")
    replace(
        folder, "layers.py", "return x.reshape(x.shape[0], -1)", "return x.reshape(1, x.data.size)"
    )


def knows_one_layer(folder: Path) -> None:
    """A container runs and lists all layers but the last; max pooling hands on to every place."""
    copy_reference(folder)
    replace(folder, "layers.py", "for layer in self.layers:", "for layer in self.layers[:-1]:")
    replace(folder, "module.py", "in enumerate(value):", "in enumerate(value[:1]):")
    replace(folder, "convolution.py", "target += g * here", "target += g")


def close_call(folder: Path) -> None:
    """The dense network is right about as often as is asked for; the other one too seldom."""
    copy_reference(folder)
    blur_weights(folder, "mnist_mlp", 0.8)
    blur_weights(folder, "mnist_cnn", 0.9)


def convolution_to_come(folder: Path) -> None:
    """Convolution is not written yet, and the dense network is hardly trained."""
    copy_reference(folder)
    start = "        out_channels, in_channels, height, width = self.weight.shape\n"
    later = "        raise NotImplementedError('next week')\n"
    replace(
        folder, "convolution.py", start + "        if x.ndim", later + start + "        if x.ndim"
    )
    blur_weights(folder, "mnist_mlp", 6.0)


def kernel_without_gradient(folder: Path) -> None:
    """The convolution's kernel never learns, though the submitted one is good."""
    copy_reference(folder)
    replace(
        folder,
        "convolution.py",
        "return (of_input, of_kernel) +",
        "return (of_input, None) +",
    )


def ignores_stride(folder: Path) -> None:
    """A stride is taken and not used; ReLU lets a part of the negative through."""
    copy_reference(folder)
    replace(
        folder,
        "convolution.py",
        "self.stride, self.padding = stride, padding",
        "self.stride, self.padding = 1, padding",
    )
    replace(
        folder,
        "activations.py",
        "positive = x.data > 0",
        "positive = np.where(x.data > 0, 1, 0.01).astype(x.dtype)",
    )


def many_parameters(folder: Path) -> None:
    """The convolutional network carries a wide dense layer; tensors have no mean."""
    copy_reference(folder)
    replace(
        folder,
        "build.py",
        "return MnistCNN()",
        "cnn = MnistCNN()\n    cnn.spare = Linear(400, 300)\n    return cnn",
    )
    spare = {"spare.weight": np.zeros((400, 300)), "spare.bias": np.zeros(300)}
    add_weights(folder, "mnist_cnn", spare)
    replace(
        folder,
        "tensor.py",
        "total = self.sum(axis, keepdims)\n",
        "raise NotImplementedError('mean')\n        total = self.sum(axis, keepdims)\n",
    )
