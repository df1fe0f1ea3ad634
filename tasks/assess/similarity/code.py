"""A submission's Python code as one text that knows where its files begin."""

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.assess.course.submission_hash import SKIPPED

MOST_FILES = 400
MOST_BYTES = 400_000


@dataclass(frozen=True)
class Code:
    """The code of one submission.

    Attributes:
        text: all files, one after the other.
        starts: where each file begins in it, ascending.
        names: of the files, by their paths in the submission.
        cut: files that were left out since the submission has too much.
    """

    text: str
    starts: list[int]
    names: list[str]
    cut: int = 0

    def file_at(self, position: int) -> int:
        """The number of the file that holds a position of the text."""
        return bisect_right(self.starts, position) - 1

    def file_text(self, number: int) -> str:
        """One file's text."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end]


def read_code(*folders: Path) -> Code:
    """The Python files of folders, or single files, by name; links are not followed.

    Bytes that are not UTF-8 are replaced; files beyond `MOST_FILES` or `MOST_BYTES` are left out.
    """
    parts: list[str] = []
    starts: list[int] = []
    names: list[str] = []
    length = size = cut = 0
    for name, path in (pair for folder in folders for pair in _python_files(folder)):
        size += path.stat().st_size
        if size > MOST_BYTES or len(names) >= MOST_FILES:
            cut += 1
            continue
        text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").rstrip() + "\n"
        names.append(name)
        starts.append(length)
        parts.append(text)
        length += len(text)
    return Code("".join(parts), starts, names, cut)


def _python_files(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_file():
        yield folder.name, folder
        return
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(files):
            path = Path(place) / name
            if name.endswith(".py") and not path.is_symlink() and path.is_file():
                yield path.relative_to(folder).as_posix(), path
