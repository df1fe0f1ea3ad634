"""Move a file into a folder in which nothing that is there is ever overwritten."""

import errno
import shutil
from pathlib import Path

from tasks.files import whole_or_nothing, write_text

NOTE_SUFFIX = ".txt"
# A file name has 255 bytes at most; the number and the suffix of a note need some.
LONGEST_STEM_BYTES = 200


def move_into(folder: Path, source: Path, note: str | None = None) -> Path | None:
    """Move a file into a folder, under its own name or with a number behind it.

    Args:
        folder: made where it is missing; may lie on another file system.
        source: the file.
        note: text for a file `<name>.txt` beside it, written before the file is moved.

    Returns:
        Where the file is now; None where it had vanished, and then no note is left either.

    Raises:
        OSError: it cannot be moved; it is still where it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = _reserve(folder, source.name, with_note=note is not None)
    try:
        if note is not None:
            write_text(taken[1], note)
        _rename(source, taken[0])
    except FileNotFoundError:
        _release(taken)
        return None
    except OSError:
        _release(taken)
        raise
    return taken[0]


def _rename(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_or_nothing(target) as temporary:
            shutil.copy2(source, temporary)
        source.unlink()


def _reserve(folder: Path, name: str, with_note: bool) -> list[Path]:
    """Empty files of free names, which only this process can have made."""
    stem, suffix = Path(name).stem, Path(name).suffix
    if len(name.encode()) > LONGEST_STEM_BYTES:
        stem = stem.encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
    number = 0
    while True:
        number += 1
        target = folder / (f"{stem}-{number}{suffix}" if number > 1 else f"{stem}{suffix}")
        wanted = [target, target.with_name(target.name + NOTE_SUFFIX)] if with_note else [target]
        made: list[Path] = []
        try:
            for path in wanted:
                path.touch(exist_ok=False)
                made.append(path)
        except FileExistsError:
            _release(made)
            continue
        return made


def _release(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
