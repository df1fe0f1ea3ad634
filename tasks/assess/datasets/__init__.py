"""What submissions are tested with: found on this machine, or fetched; read with numpy alone."""

from functools import lru_cache
from pathlib import Path
from types import ModuleType

from tasks.assess.datasets import cifar10, mnist, stories
from tasks.assess.datasets.base import LabelledImages
from tasks.errors import BadInput
from tasks.locate import PROJECT_ROOT

__all__ = ["DATASETS", "LabelledImages", "images_of", "located", "prepare"]

# Each has NAME, find(), check(folder), download(folder).
DATASETS: dict[str, ModuleType] = {"mnist": mnist, "cifar10": cifar10, "stories": stories}


def located(name: str) -> Path:
    """The folder of a data set.

    Raises:
        BadInput: it is not on this machine.
    """
    folder = DATASETS[name].find()
    if folder is None:
        raise BadInput(
            f"The data set {name} is not on this machine: run `python flows/assess.py "
            "prepare-data`, or set DATA_DIR to the folder that holds it."
        )
    return folder


@lru_cache(maxsize=4)
def images_of(name: str, split: str) -> LabelledImages:
    """The "train" or "test" images of a data set, read once a process.

    Raises:
        BadInput: it is not on this machine, or cannot be read.
    """
    return DATASETS[name].load(located(name), split)


def prepare(name: str) -> Path:
    """Find a data set or fetch it into the project's data folder; its sums are checked.

    Raises:
        OSError: it is not here and its source cannot be reached; trying again may help.
        BadInput: a file is damaged.
    """
    dataset = DATASETS[name]
    folder = dataset.find()
    if folder is None:
        return dataset.download(PROJECT_ROOT / "data" / name)
    dataset.check(folder)
    return folder
