"""Errors of a training, each as one sentence that says what to do."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import StageFailed
from tasks.files import ALMOST_FULL_BYTES
from tasks.finetune.training.settings import TrainingSettings

_MEMORY = ("out of memory", "can't allocate memory", "DefaultCPUAllocator", "std::bad_alloc")
_DISK = ("No space left", "File too large", "PytorchStreamWriter failed", "file write failed")


@contextmanager
def explained(settings: TrainingSettings, folder: Path) -> Iterator[None]:
    """Turn running out of memory or of disk into a StageFailed that says what to do.

    Args:
        folder: that is written to.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY):
            raise StageFailed(_memory_sentence(settings)) from error
        if _is_full_disk(error, folder):
            raise StageFailed(
                f"the disk of {folder} is full, so no checkpoint could be written: free some "
                "space and run again, it goes on from the last whole checkpoint"
            ) from error
        raise


def _memory_sentence(settings: TrainingSettings) -> str:
    """Which batch size to try so that a step still has as many rows."""
    size = settings.batch_size
    if size == 1:
        return (
            f"out of memory with one row of up to {settings.max_length} tokens at a time: try "
            f"max_length {settings.max_length // 2}, or a smaller model"
        )
    smaller = size // 2
    rows = size * settings.accumulation
    return (
        f"out of memory with batches of {size} rows: try batch_size {smaller} and accumulation "
        f"{-(-rows // smaller)}, which train the same {rows} rows a step"
    )


def _is_full_disk(error: BaseException, folder: Path) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    if not any(words in str(error) for words in _DISK):
        return False
    return "No space left" in str(error) or _almost_full(folder)


def _almost_full(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free < ALMOST_FULL_BYTES
