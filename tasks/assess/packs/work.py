"""One assignment's folder in a submission: its files and the record of its run."""

import fnmatch
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.assess.course.submission_hash import SKIPPED
from tasks.assess.rubrics.rubric import Assignment

RECORD = "record.json"
MOST_FILES = 5000
MOST_RECORD_BYTES = 10_000_000
MOST_TEXT_BYTES = 5_000_000
MOST_TEXT_TOGETHER = 50_000_000
BINARY_LOOK_BYTES = 8192


class TooMuchText(Exception):
    """A person has to look: leaving a part out unseen would hide what is in it."""


@dataclass(frozen=True)
class Work:
    """What was handed in for one assignment.

    Attributes:
        assignment: of the rubric.
        folder: where it lies; None where there is no such folder.
        files: regular files below it, in order; links are left out.
        record: content of record.json; empty where it cannot be read.
        record_folder: where that lies; paths of outputs begin there.
        record_problem: why there is no record; empty where there is.
    """

    assignment: Assignment
    folder: Path | None
    files: list[Path] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    record_folder: Path | None = None
    record_problem: str = ""

    def inner(self, path: Path) -> str:
        """A file's path from the assignment's folder on."""
        return path.relative_to(self.folder).as_posix() if self.folder else path.name

    def matching(self, pattern: str) -> list[Path]:
        """Files that fit a pattern, whatever the case; without a "/" at any depth."""
        wanted = pattern.lower()
        names = ((path, self.inner(path).lower()) for path in self.files)
        return [
            path
            for path, name in names
            if fnmatch.fnmatchcase(name if "/" in wanted else name.rsplit("/")[-1], wanted)
        ]

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Files that hold text, not too large, with their text.

        Raises:
            TooMuchText: together they are larger than a person's work is.
        """
        total = 0
        for path in self.files:
            text = text_of(path)
            if text is not None:
                total += len(text)
                if total > MOST_TEXT_TOGETHER:
                    raise TooMuchText(f"more than {MOST_TEXT_TOGETHER // 10**6} MB of text")
                yield path, text


def find_work(submission: Path, assignment: Assignment) -> Work:
    """An assignment's part of a submission. Its folder's name is taken in any case."""
    folder = _folder(submission, assignment)
    if folder is None:
        return Work(assignment, None, record_problem="there is no folder")
    files = list(_regular_files(folder))
    record, record_folder, problem = _record(files, assignment.flow)
    return Work(assignment, folder, files, record, record_folder, problem)


def text_of(path: Path) -> str | None:
    """A file's text, or None where it is too large, not text, or cannot be read."""
    try:
        if path.stat().st_size > MOST_TEXT_BYTES:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    return None if b"\0" in content[:BINARY_LOOK_BYTES] else content.decode("utf-8", "replace")


def _folder(submission: Path, assignment: Assignment) -> Path | None:
    wanted = assignment.folder or assignment.id
    folder = submission
    for part in Path(wanted).parts:
        folder = next(
            (
                entry
                for entry in sorted(folder.iterdir())
                if entry.name.lower() == part.lower() and not entry.is_symlink() and entry.is_dir()
            ),
            None,
        )
        if folder is None:
            return None
    return folder


def _regular_files(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = Path(place) / name
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                return
            yield path


def _record(files: Sequence[Path], flow: str) -> tuple[dict[str, Any], Path | None, str]:
    """The record of the flow that is asked for, the least deep first; else the first record."""
    candidates = sorted(
        (path for path in files if path.name == RECORD), key=lambda path: (len(path.parts), path)
    )
    if not candidates:
        return {}, None, f"{RECORD} is missing"
    read = [(path, _read_record(path)) for path in candidates]
    whole = [(path, record) for path, record in read if record]
    if not whole:
        return {}, None, f"{RECORD} holds no JSON object"
    path, record = next(
        ((path, record) for path, record in whole if same_flow(record, flow)), whole[0]
    )
    return record, path.parent, ""


def same_flow(record: dict[str, Any], flow: str) -> bool:
    """Whether a record is of the flow that is asked for; "-" and "_" are alike."""
    return not flow or str(record.get("flow", "")).replace("_", "-") == flow.replace("_", "-")


def _read_record(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_RECORD_BYTES:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
