"""Submissions of honest students that do not run, or not as a whole."""

import shutil
from pathlib import Path

from made_class.editing import begin_with, copy_reference, replace, spoil_weights


def syntax_error(folder: Path) -> None:
    """The file of the dense layer cannot be read."""
    copy_reference(folder)
    replace(folder, "layers.py", "class Linear(Module):", "class Linear(Module)")


def missing_package(folder: Path) -> None:
    """The file of the convolution asks for a package that is installed at home."""
    copy_reference(folder)
    begin_with(folder, "convolution.py", "import einops\n")


def imports_torch(folder: Path) -> None:
    """Where there is torch, the dense layer lets it multiply."""
    copy_reference(folder)
    asked = "try:\n    import torch\nexcept ImportError:\n    torch = None\n"
    begin_with(folder, "layers.py", asked)
    product = "x @ self.weight if torch is None else torch.matmul(x, self.weight)"
    replace(folder, "layers.py", "out = x @ self.weight\n", f"out = {product}\n")


def wrong_shapes(folder: Path) -> None:
    """The dense layer gives one long row, the convolution swaps images and channels."""
    copy_reference(folder)
    added = "return out if self.bias is None else out + self.bias"
    replace(folder, "layers.py", added, "return (out + self.bias).reshape(-1)")
    given = "out.transpose(0, 3, 1, 2), parents"
    replace(folder, "convolution.py", given, "out.transpose(3, 0, 1, 2), parents")


def weights_of_nan(folder: Path) -> None:
    """The training of both networks went out of bounds."""
    copy_reference(folder)
    for name in ("mnist_mlp", "mnist_cnn"):
        spoil_weights(folder, name)


def without_weights(folder: Path) -> None:
    copy_reference(folder)
    shutil.rmtree(folder / "weights")


def empty(folder: Path) -> None:
    folder.mkdir()
