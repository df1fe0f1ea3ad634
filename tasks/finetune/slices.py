"""A part of a split, for runs that are to be short."""

import hashlib
import json
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.writing import read_split


def rows_of(file: Path, most: int | None = None) -> list[dict[str, str]]:
    """The rows of a split's file, or `most` of them, in the file's order.

    Which rows are left out depends on their ids alone: a larger part holds the smaller one.

    Raises:
        BadInput: the split is missing, empty, or a line of it is no row.
    """
    rows = list(read_split(file.parent, file.stem))
    if not rows:
        raise BadInput(f"{file} is empty: curate more rows, or raise its share")
    if most is None or most >= len(rows):
        return rows
    chosen = set(sorted((row["row_id"] for row in rows), key=_place)[:most])
    return [row for row in rows if row["row_id"] in chosen]


def json_lines(file: Path) -> list[dict[str, str]]:
    """The rows of any JSONL file.

    Raises:
        BadInput: it cannot be read, or a line of it is no object.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # a text may hold U+2028
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} is no JSONL file ({error}): give one row a line") from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{file} holds no rows: give one JSON object a line")
    return rows


def _place(row_id: str) -> bytes:
    return hashlib.sha256(row_id.encode()).digest()
