"""Content hashes, and writes that leave either the whole new file or the old one."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

UNFINISHED = ".unfinished-"
# After a failed write less than the file is free, but not always nothing.
ALMOST_FULL_BYTES = 16 * 1024**2
_ASKING_UMASK = threading.Lock()


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content, read in chunks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed onto it when the block ends without an error.

    The suffix is kept, because writers choose their format by it. The file is locked while this
    process lives, so that `remove_unfinished` can tell what a killed one has left.

    Raises:
        OSError: the block ended without an error and without a file, as OpenCV does on a full
            disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = _locked_temporary(path)
    try:
        yield temporary
        if not temporary.exists():
            raise OSError(_why_nothing_is_written(path.parent), "nothing was written", str(path))
        # mkstemp makes private files; results are for whoever may read the folder.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder and those below it.

    A file that a living process writes is locked and stays; so does every file where the file
    system knows no locks.
    """
    for path in folder.rglob(f"{UNFINISHED}*"):
        with suppress(OSError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with whole_or_nothing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON, whole or not at all. Raises on NaN and infinity, which JSON lacks."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _locked_temporary(path: Path) -> tuple[int, Path]:
    """A new empty file beside `path`, locked: its open handle and its path."""
    while True:
        handle, name = tempfile.mkstemp(
            prefix=f"{UNFINISHED}{path.stem}-", suffix=path.suffix, dir=path.parent
        )
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.exists(name):
            return handle, Path(name)
        os.close(handle)  # taken for a left-over in the moment before it was locked


def _why_nothing_is_written(folder: Path) -> int:
    """The error number of a writer that kept it to itself."""
    return errno.EIO if shutil.disk_usage(folder).free > ALMOST_FULL_BYTES else errno.ENOSPC


def _umask() -> int:
    """The permission bits that this process takes from new files. Asked of the kernel, because
    `os.umask` tells it only by setting it, for all threads."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    except (OSError, LookupError):  # not Linux, or no /proc here
        with _ASKING_UMASK:
            current = os.umask(0o077)  # what another thread makes meanwhile is not too open
            os.umask(current)
        return current
