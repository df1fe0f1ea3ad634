"""What the sets of labelled images have in common: the arrays, the search, the sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.locate import data_folders


@dataclass(frozen=True)
class LabelledImages:
    """Images and the class of each.

    Attributes:
        images: uint8 (n, height, width) or (n, height, width, 3).
        labels: uint8 (n,).
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, rng: np.random.Generator, n: int) -> "LabelledImages":
        """n of them drawn without replacement; all, shuffled, where there are fewer."""
        chosen = rng.permutation(len(self))[:n]
        return LabelledImages(self.images[chosen], self.labels[chosen])


def find_folder(name: str, files: Mapping[str, str]) -> Path | None:
    """The first data folder NAME that holds all these files, or None."""
    candidates = (folder / name for folder in data_folders())
    return next((f for f in candidates if all((f / file).is_file() for file in files)), None)


def check_sums(folder: Path, files: Mapping[str, str]) -> None:
    """Compare the files with their sha256.

    Raises:
        BadInput: a file is not the one that was published.
    """
    for name, expected in files.items():
        if (found := sha256_of(folder / name)) != expected:
            raise BadInput(
                f"{folder / name} is damaged or another file (sha256 {found[:12]}…, expected "
                f"{expected[:12]}…): remove it and run prepare-data again."
            )
