"""CIFAR-10 (Krizhevsky, 2009): 32 x 32 colour images of ten classes.

Two layouts are read: the vendor's binary archive as it is downloaded, and a compact one (lossless,
all test images, 12,000 training images) for machines that cannot reach the vendor.
"""

import hashlib
import lzma
import shutil
import tarfile
import urllib.request
from pathlib import Path

import numpy as np

from tasks.assess.datasets.base import LabelledImages, check_sums, find_folder
from tasks.errors import BadInput
from tasks.files import whole_or_nothing

NAME = "cifar10"
CLASSES = 10
SOURCE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
BATCHES = {
    "train": [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)],
    "test": ["cifar-10-batches-bin/test_batch.bin"],
}
IMAGE_BYTES = 3 * 32 * 32
# sha256 of the compact layout's files
COMPACT = {
    "cifar10_test_images.xz": "c71841bc688e35ea7d3ff54585ee0a37085a44b1e7747ca7b8a3fa9c767a841a",
    "cifar10_test_labels.npz": "42bbc644bc762e0a54e59c37115c42298b11f87d34b54fb018527fd08343d6df",
    "cifar10_train_images.xz": "133373fae25571db8a757dcd3dd6ed409d9fcebaf708dbd8a9256457db931bfc",
    "cifar10_train_labels.npz": "867cea6529ad05af1b5aef3e39352301170748ed119a26e98596486907dd9f18",
}


def find() -> Path | None:
    """The folder that holds either layout, or None."""
    return find_folder(NAME, COMPACT) or find_folder(NAME, {ARCHIVE: ARCHIVE_MD5})


def check(folder: Path) -> None:
    """Compare the files with their sums.

    Raises:
        BadInput: a file is damaged or another one.
    """
    if not (folder / ARCHIVE).is_file():
        check_sums(folder, COMPACT)
        return
    _check_archive(folder / ARCHIVE)


def download(folder: Path, source: str = SOURCE) -> Path:
    """Fetch the vendor's archive into `folder`; it is kept only if it is right.

    Raises:
        OSError: the source cannot be reached; trying again may help.
        BadInput: what came is not CIFAR-10.
    """
    with (
        whole_or_nothing(folder / ARCHIVE) as temporary,
        urllib.request.urlopen(source, timeout=60) as answer,  # noqa: S310
    ):
        with open(temporary, "wb") as file:
            shutil.copyfileobj(answer, file)
        _check_archive(temporary)
    return folder


def load(folder: Path, split: str) -> LabelledImages:
    """The images of "train" or "test", (n, 32, 32, 3)."""
    if (folder / ARCHIVE).is_file():
        return _from_archive(folder / ARCHIVE, split)
    with np.load(folder / f"cifar10_{split}_labels.npz", allow_pickle=False) as labels:
        return LabelledImages(_decoded(folder / f"cifar10_{split}_images.xz"), labels["labels"])


def _check_archive(path: Path) -> None:
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != ARCHIVE_MD5:
        raise BadInput(
            f"{path.parent / ARCHIVE} is damaged or another file: remove it and run prepare-data "
            "again."
        )


def _decoded(path: Path) -> np.ndarray:
    """Pixels of the compact layout, which holds differences between neighbours and channels."""
    with lzma.open(path) as file:
        differences = np.frombuffer(file.read(), np.uint8).reshape(3, -1, 32, 32)
    planes = differences.cumsum(2, dtype=np.uint8).cumsum(3, dtype=np.uint8)
    planes[0] += planes[1]
    planes[2] += planes[1]
    return np.ascontiguousarray(planes.transpose(1, 2, 3, 0))


def _from_archive(path: Path, split: str) -> LabelledImages:
    """Records of one label byte and the red, green and blue planes."""
    with tarfile.open(path) as archive:
        parts = [archive.extractfile(name).read() for name in BATCHES[split]]
    records = np.frombuffer(b"".join(parts), np.uint8).reshape(-1, 1 + IMAGE_BYTES)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return LabelledImages(np.ascontiguousarray(images), records[:, 0].copy())
