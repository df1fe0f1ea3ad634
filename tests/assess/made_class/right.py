"""Submissions in which everything is right, the two of a plagiarised pair among them."""

from pathlib import Path

from made_class.editing import begin_with, copy_reference, rename_words, replace

# Other names for what a framework has, as other courses teach them.
SPELLINGS = {
    "Linear": "Dense",
    "Conv2d": "Conv2D",
    "MaxPool2d": "MaxPooling2D",
    "AvgPool2d": "AveragePooling2D",
    "MSELoss": "MeanSquaredError",
    "CrossEntropyLoss": "SoftmaxCrossEntropy",
    "smalltorch": "numbernet",
}
IMPORT_FROM_TOP = (
    "from numbernet import (\n    GPT,\n    BatchNorm2d,\n    Conv2D,\n    Flatten,\n    Dense,\n"
    "    MaxPooling2D,\n    Module,\n    ReLU,\n    Tensor,\n)\n"
)
IMPORT_FROM_MODULES = (
    "from numbernet.core.activations import ReLU\n"
    "from numbernet.core.convolution import BatchNorm2d, Conv2D, MaxPooling2D\n"
    "from numbernet.core.layers import Dense, Flatten\n"
    "from numbernet.core.module import Module\n"
    "from numbernet.core.tensor import Tensor\n"
    "from numbernet.core.transformer import GPT\n"
)
# Names that stand in most lines of the framework; none of them names a saved array.
DISGUISE = {
    "numbernet": "deepkit",
    "windows": "views",
    "padded": "bordered",
    "patches": "pieces",
    "kernel": "filt",
    "rows": "n_rows",
    "columns": "n_cols",
    "gradient": "delta",
    "gradients": "deltas",
    "of_input": "d_in",
    "of_kernel": "d_filt",
    "flat": "table",
    "shifted": "moved",
    "logs": "log_shares",
    "back": "pull_back",
    "images": "pictures",
    "state": "held",
    "child": "inner",
}


def perfect(folder: Path) -> None:
    copy_reference(folder)


def with_other_spellings(folder: Path) -> None:
    """Dense, Conv2D and the like, in a package whose top asks for what is not installed."""
    copy_reference(folder)
    (folder / "smalltorch").rename(folder / "numbernet")
    rename_words(folder, SPELLINGS)
    begin_with(folder / "numbernet", "__init__.py", "import matplotlib.pyplot as plt\n\n")
    replace(folder, "build.py", IMPORT_FROM_TOP, IMPORT_FROM_MODULES)


def copied_from_another(folder: Path) -> None:
    """What `with_other_spellings` writes, with its variables renamed."""
    with_other_spellings(folder)
    (folder / "numbernet").rename(folder / "deepkit")
    rename_words(folder, DISGUISE)
