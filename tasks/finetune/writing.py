"""train.jsonl, val.jsonl and test.jsonl: all three new or all three old."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tasks.errors import BadInput
from tasks.files import sha256_of, whole_or_nothing
from tasks.finetune.splits import SPLITS

KEYS = ("row_id", "instruction", "input", "output", "source", "domain", "license")


def split_file(folder: Path, split: str) -> Path:
    """The file of a split in the data folder."""
    return folder / f"{split}.jsonl"


def write_splits(
    folder: Path, rows: Iterable[tuple[str, dict[str, str]]]
) -> dict[str, dict[str, Any]]:
    """Write the three files, in the order in which the rows come.

    They are renamed together after all three are whole; where one cannot be, those renamed before
    are put back. A process that is killed between two renames leaves new files beside old ones:
    their sha256 in the run's record tells.

    Args:
        folder: for the files; made where it is missing.
        rows: split and row; of a row, `KEYS` are written.

    Returns:
        Split to {"file", "rows", "sha256"}.

    Raises:
        OSError: nothing was written; the files that were there are there still.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys(SPLITS, 0)
    with _restored_on_error([split_file(folder, split) for split in SPLITS]), ExitStack() as whole:
        temporaries = {
            split: whole.enter_context(whole_or_nothing(split_file(folder, split)))
            for split in SPLITS
        }
        with ExitStack() as opened:
            files = {
                split: opened.enter_context(open(path, "w", encoding="utf-8", newline="\n"))
                for split, path in temporaries.items()
            }
            for split, row in rows:
                line = json.dumps({key: row[key] for key in KEYS}, ensure_ascii=False)
                files[split].write(line + "\n")
                counts[split] += 1
    return {
        split: {
            "file": split_file(folder, split).name,
            "rows": counts[split],
            "sha256": sha256_of(split_file(folder, split)),
        }
        for split in SPLITS
    }


def read_split(folder: Path, split: str) -> Iterator[dict[str, str]]:
    """The rows of one split, in order.

    Raises:
        BadInput: the file is missing, or a line of it is no row.
    """
    path = split_file(folder, split)
    if not path.is_file():
        raise BadInput(f"{path} is missing: run flows/finetune.py --until validate to make it")
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            yield _row(line, f"line {number} of {path}")


def read_assignment(folder: Path) -> dict[str, str]:
    """Row id to split of the files in a folder: what `splits.assign` takes as `previous`.

    Empty where none of the three is there.

    Raises:
        BadInput: some are there and some are not, or a line is no row.
    """
    there = [split for split in SPLITS if split_file(folder, split).is_file()]
    if not there:
        return {}
    return {row["row_id"]: split for split in SPLITS for row in read_split(folder, split)}


def _row(line: str, where: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where} is no JSON ({error.msg}): restore or remove the file") from None
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in KEYS):
        raise BadInput(f"{where} lacks one of {', '.join(KEYS)}: restore or remove the file")
    return row


@contextmanager
def _restored_on_error(paths: list[Path]) -> Iterator[None]:
    """Put the files back as they were if the block fails, those that were not there away."""
    with ExitStack() as kept:
        before = {path: kept.enter_context(_second_name(path)) for path in paths}
        try:
            yield
        except BaseException:
            for path, second in before.items():
                if second is not None:
                    os.replace(second, path)
                elif path.is_file():
                    path.unlink()
            raise


@contextmanager
def _second_name(path: Path) -> Iterator[Path | None]:
    """Another name of the file while the block runs, which a rename onto `path` does not touch."""
    if not path.is_file():
        yield None
        return
    second = path.with_name(f".unfinished-before-{os.getpid()}-{path.name}")
    second.unlink(missing_ok=True)
    try:
        os.link(path, second)
    except OSError:  # a file system without hard links
        shutil.copy2(path, second)
    try:
        yield second
    finally:
        second.unlink(missing_ok=True)
