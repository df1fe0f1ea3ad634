"""What a submission is, as a hash: its files' names and contents; and when it came."""

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

# Made by tools, not by the student; the sandbox copies none of it either.
SKIPPED = {".git", "__pycache__", ".venv", "venv", "node_modules", ".ipynb_checkpoints"}
SKIPPED_SUFFIX = ".pyc"
# A submission with a larger file is refused, so that only its size tells it from another.
MOST_BYTES = 300 * 1024**2
CHUNK = 1024**2
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def submission_hash(folder: Path) -> str:
    """Hex sha256 of a folder's regular files by name and content; links are not followed.

    The order in which the file system lists them, times and permissions do not count. A file
    that cannot be read counts as such, since a submission that is refused has a grade as well.
    """
    total = hashlib.sha256()
    for inner, path in sorted(_files(folder)):
        name = inner.encode("utf-8", "surrogateescape")
        total.update(len(name).to_bytes(8, "big") + name + _content(path))
    return total.hexdigest()


def handed_in_at(folder: Path, now: datetime) -> datetime:
    """When a folder's newest regular file was written to, in UTC; `now` where that is later.

    Good enough where nothing better says when work came: copying may renew these times, and
    whoever writes into the folder may set them.
    """
    newest = max((_written(path) for _, path in _files(folder)), default=_written(folder))
    return min(datetime.fromtimestamp(newest, UTC), now)


def _written(path: Path) -> float:
    """Seconds since 1970, within what a calendar holds."""
    try:
        return min(max(path.lstat().st_mtime, 0.0), LATEST)
    except OSError:
        return 0.0


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(path from the submission on, path) of every file that is handed in."""
    waiting = [("", folder)]
    while waiting:
        inner, here = waiting.pop()
        try:
            with os.scandir(here) as listing:
                entries = list(listing)
        except OSError:
            yield inner, here
            continue
        for entry in entries:
            name = f"{inner}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED:
                    waiting.append((f"{name}/", Path(entry.path)))
            elif entry.is_file(follow_symlinks=False) and not name.endswith(SKIPPED_SUFFIX):
                yield name, Path(entry.path)


def _content(path: Path) -> bytes:
    """Digest of a file's content, or of what keeps it from being read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                return _trouble("no regular file")
            if state.st_size > MOST_BYTES:
                return _trouble(f"too large: {state.st_size} bytes")
            digest = hashlib.sha256(b"content")
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            return digest.digest()
    except OSError:
        return _trouble("cannot be read")


def _trouble(what: str) -> bytes:
    return hashlib.sha256(b"trouble" + what.encode()).digest()
