"""MNIST (LeCun, Cortes and Burges): handwritten digits, 28 x 28, in the standard IDX files."""

import gzip
import hashlib
import urllib.request
from pathlib import Path

import numpy as np

from tasks.assess.datasets.base import LabelledImages, find_folder
from tasks.errors import BadInput
from tasks.files import whole_or_nothing

NAME = "mnist"
SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist"
# md5 of the uncompressed files: gzip wrappers differ from mirror to mirror.
FILES = {
    "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
}
PREFIXES = {"train": "train", "test": "t10k"}
IMAGE_HEADER_BYTES, LABEL_HEADER_BYTES = 16, 8


def find() -> Path | None:
    """The folder that holds the four files, or None."""
    return find_folder(NAME, FILES)


def check(folder: Path) -> None:
    """Compare the files' content with the published sums.

    Raises:
        BadInput: a file is damaged or another one.
    """
    for name in FILES:
        _check_file(folder / name, name)


def download(folder: Path, source: str = SOURCE) -> Path:
    """Fetch the four files into `folder`; only those that are right are kept.

    Raises:
        OSError: the source cannot be reached; trying again may help.
        BadInput: what came is not MNIST.
    """
    for name in FILES:
        with (
            whole_or_nothing(folder / name) as temporary,
            urllib.request.urlopen(f"{source}/{name}", timeout=60) as answer,  # noqa: S310
        ):
            temporary.write_bytes(answer.read())
            _check_file(temporary, name)
    return folder


def load(folder: Path, split: str) -> LabelledImages:
    """The 60,000 images of "train" or the 10,000 of "test", (n, 28, 28)."""
    prefix = PREFIXES[split]
    images = _content(folder / f"{prefix}-images-idx3-ubyte.gz")[IMAGE_HEADER_BYTES:]
    labels = _content(folder / f"{prefix}-labels-idx1-ubyte.gz")[LABEL_HEADER_BYTES:]
    return LabelledImages(
        np.frombuffer(images, np.uint8).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8)
    )


def _check_file(path: Path, name: str) -> None:
    if hashlib.md5(_content(path), usedforsecurity=False).hexdigest() != FILES[name]:
        raise BadInput(
            f"{path.parent / name} is damaged or not MNIST's: remove it and run prepare-data again."
        )


def _content(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read()
    except (OSError, EOFError) as error:
        raise BadInput(f"{path} cannot be read ({error}): run prepare-data again.") from error
