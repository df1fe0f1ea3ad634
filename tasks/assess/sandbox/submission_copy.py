"""Copies a submission's regular files, and nothing that points elsewhere."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import BadInput

MEGABYTE = 1024**2
MOST_FILES = 4000
MOST_BYTES = 300 * MEGABYTE
DEEPEST = 20
SKIPPED = {".git", "__pycache__", ".venv", "venv", "node_modules", ".ipynb_checkpoints"}


class SubmissionRefused(BadInput):
    """The submission cannot be graded as it is; says nothing of the others."""


@dataclass
class Copied:
    """What was copied.

    Attributes:
        left_out: links, devices and the like, by their paths in the submission.
    """

    files: int = 0
    size: int = 0
    left_out: list[str] = field(default_factory=list)


def copy_submission(submission: Path, target: Path) -> Copied:
    """Copy the regular files of a folder into a new one; links are left out, never followed.

    Raises:
        SubmissionRefused: it is no folder, or too large, too deep, or cannot be read.
    """
    if submission.is_symlink() or not submission.is_dir():
        raise SubmissionRefused(f"{submission} is no folder of its own: give the folder itself.")
    copied = Copied()
    try:
        target.mkdir(parents=True)
        for folder, name, inner in _regular_files(submission, copied):
            _copy(folder, name, target / inner / name, copied)
    except OSError as error:
        raise SubmissionRefused(
            f"{submission} cannot be copied ({error.strerror}: {error.filename})."
        ) from error
    return copied


def _regular_files(submission: Path, copied: Copied) -> Iterator[tuple[int, str, Path]]:
    """(open folder, name, folder's path in the submission), in the order of their names.

    Folders are walked by their descriptors, so that none becomes a link to elsewhere meanwhile.
    """
    for where, folders, names, handle in os.fwalk(
        submission, follow_symlinks=False, onerror=_refuse_to_go_on
    ):
        inner = Path(where).relative_to(submission)
        if len(inner.parts) > DEEPEST:
            raise SubmissionRefused(f"{submission} has folders more than {DEEPEST} deep: {inner}.")
        folders[:] = sorted(set(folders) - SKIPPED)
        for name in sorted([*folders, *names]):
            mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if stat.S_ISREG(mode):
                if not name.endswith(".pyc"):
                    yield handle, name, inner
            elif not stat.S_ISDIR(mode):
                copied.left_out.append(str(inner / name))


def _refuse_to_go_on(error: OSError) -> None:
    raise error


def _copy(folder: int, name: str, target: Path, copied: Copied) -> None:
    # Looked at again once it is open: it may have become something else meanwhile.
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no regular file", name)
        copied.files += 1
        if copied.files > MOST_FILES:
            raise SubmissionRefused(f"The submission has more than {MOST_FILES} files.")
        if copied.size + status.st_size > MOST_BYTES:
            raise SubmissionRefused(f"The submission is larger than {MOST_BYTES // MEGABYTE} MB.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as out:
            left = status.st_size  # and no more, should it grow meanwhile
            while left and (chunk := file.read(min(left, MEGABYTE))):
                left -= len(chunk)
                out.write(chunk)
        copied.size += status.st_size
