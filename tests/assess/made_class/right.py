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
    "rate": "pace",
    "rest": "behind",
    "bent": "curve",
    "peak": "top",
    "taken": "count",
    "waited": "stalled",
}
# Code that no course gives out.
SCHEDULES = '''"""Learning rates that change while a network is trained."""

import math


class WarmUpThenCosine:
    """Rises for some steps, then falls along half a cosine."""

    def __init__(self, optimizer, peak, warm_steps, all_steps, lowest=0.0):
        if not 0 < warm_steps < all_steps:
            raise ValueError("warming up must end before training does")
        self.optimizer, self.peak, self.lowest = optimizer, peak, lowest
        self.warm_steps, self.all_steps, self.taken = warm_steps, all_steps, 0

    def rate(self):
        if self.taken < self.warm_steps:
            return self.peak * (self.taken + 1) / self.warm_steps
        rest = (self.taken - self.warm_steps) / (self.all_steps - self.warm_steps)
        bent = 0.5 * (1.0 + math.cos(math.pi * min(rest, 1.0)))
        return self.lowest + (self.peak - self.lowest) * bent

    def step(self):
        self.optimizer.lr = self.rate()
        self.optimizer.step()
        self.taken += 1


class HalveOnPlateau:
    """Halves the rate where the loss has not fallen for some epochs."""

    def __init__(self, optimizer, patience=3, least=1e-5):
        self.optimizer, self.patience, self.least = optimizer, patience, least
        self.best, self.waited = math.inf, 0

    def epoch_ended(self, loss):
        if loss < self.best * 0.999:
            self.best, self.waited = loss, 0
            return self.optimizer.lr
        self.waited += 1
        if self.waited > self.patience:
            self.optimizer.lr = max(self.least, self.optimizer.lr / 2)
            self.waited = 0
        return self.optimizer.lr
'''


def perfect(folder: Path) -> None:
    copy_reference(folder)


def with_a_path_for_a_name(folder: Path) -> None:
    """Right like the first one; what is tricky about it is the student's name."""
    copy_reference(folder)


def with_other_spellings(folder: Path) -> None:
    """Dense, Conv2D and the like, in a package whose top asks for what is not installed."""
    copy_reference(folder)
    (folder / "smalltorch").rename(folder / "numbernet")
    rename_words(folder, SPELLINGS)
    begin_with(folder / "numbernet", "__init__.py", "import matplotlib.pyplot as plt\n\n")
    replace(folder, "build.py", IMPORT_FROM_TOP, IMPORT_FROM_MODULES)
    (folder / "numbernet" / "core" / "schedules.py").write_text(SCHEDULES)


def copied_from_another(folder: Path) -> None:
    """What `with_other_spellings` writes, with its variables renamed."""
    with_other_spellings(folder)
    (folder / "numbernet").rename(folder / "deepkit")
    rename_words(folder, DISGUISE)
