"""Copies a submission's regular files, and nothing that points elsewhere."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import BadInput

MOST_FILES = 4000
MOST_BYTES = 300 * 1024**2
DEEPEST = 20
SKIPPED = {".git", "__pycache__", ".venv", "venv", "node_modules", ".ipynb_checkpoints"}
CHUNK = 1024**2


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
        for source, relative in _regular_files(submission, copied):
            _copy(source, target / relative, copied)
    except OSError as error:
        raise SubmissionRefused(
            f"{submission} cannot be copied ({error.strerror}: {error.filename})."
        ) from error
    return copied


def _regular_files(submission: Path, copied: Copied) -> Iterator[tuple[Path, Path]]:
    """(path, path in the submission) of its regular files, folders in the order of their names."""
    waiting = [(submission, Path())]
    while waiting:
        folder, inner = waiting.pop()
        if len(inner.parts) > DEEPEST:
            raise SubmissionRefused(f"{submission} has folders more than {DEEPEST} deep: {inner}.")
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            relative = inner / entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED:
                    waiting.append((Path(entry.path), relative))
            elif entry.is_file(follow_symlinks=False):
                if not entry.name.endswith(".pyc"):
                    yield Path(entry.path), relative
            else:
                copied.left_out.append(str(relative))


def _copy(source: Path, target: Path, copied: Copied) -> None:
    # Looked at again once it is open: it may have become something else meanwhile.
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "no regular file", str(source))
        copied.files += 1
        if copied.files > MOST_FILES:
            raise SubmissionRefused(f"The submission has more than {MOST_FILES} files.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as out:
            while chunk := file.read(CHUNK):
                copied.size += len(chunk)
                if copied.size > MOST_BYTES:
                    raise SubmissionRefused(
                        f"The submission is larger than {MOST_BYTES // 1024**2} MB."
                    )
                out.write(chunk)
