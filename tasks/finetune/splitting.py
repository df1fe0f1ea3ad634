"""From curated rows to splits without leakage: clusters stay together, and rows of training that
share text with held-out rows are blocked."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.files import whole_or_nothing
from tasks.finetune.contamination import Contamination, find
from tasks.finetune.curation.pii import masked
from tasks.finetune.rows import Row, read_batches
from tasks.finetune.split_checks import split_table
from tasks.finetune.splits import Member, assign, moves
from tasks.finetune.writing import write_splits

REASON = "shares text with a held-out row"
FIELDS = ("instruction", "input", "output")


def split_rows(
    kept: Path,
    clusters: Mapping[str, str],
    folder: Path,
    quarantine: Path,
    *,
    seed: int,
    shares: tuple[float, float, float],
    previous: Mapping[str, str],
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Split the curated rows, and block those of training that give away a held-out row.

    Args:
        kept: Parquet of `rows`.
        clusters: row id to cluster.
        folder: for train.jsonl, val.jsonl and test.jsonl.
        quarantine: JSONL to write, of the blocked rows.
        seed: of the split.
        shares: of train, val and test.
        previous: row id to split in the run before.

    Returns:
        Figures: files (of `write_splits`), contamination (before the rows were blocked), moved
        ("train to test" to rows), blocked; and the table of the splits as they are in the files.
    """
    members = (Member(row["row_id"], clusters[row["row_id"]], row["source"]) for row in _rows(kept))
    split_of = assign(members, seed, shares, previous)
    leaks = find(_batches(kept, split_of, {"val", "test"}), _batches(kept, split_of, {"train"}))
    files = write_splits(
        folder,
        (
            (split_of[row["row_id"]], row)
            for row in _rows(kept)
            if row["row_id"] not in leaks.train_rows
        ),
    )
    blocked = _block(kept, leaks, quarantine)
    figures = {
        "files": files,
        "contamination": leaks.figures(),
        "moved": {
            f"{before} to {now}": count
            for (before, now), count in sorted(moves(previous, split_of).items())
        },
        "blocked": blocked,
    }
    return figures, split_table(folder, clusters, shares)


def _rows(kept: Path) -> Iterator[Row]:
    for batch in read_batches(kept):
        yield from batch


def _batches(kept: Path, split_of: Mapping[str, str], splits: set[str]) -> Iterator[list[Row]]:
    for batch in read_batches(kept):
        yield [row for row in batch if split_of[row["row_id"]] in splits]


def _block(kept: Path, leaks: Contamination, quarantine: Path) -> int:
    count = 0
    with whole_or_nothing(quarantine) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for row in _rows(kept):
            if row["row_id"] not in leaks.train_rows:
                continue
            told = {"row_id": row["row_id"], "source": row["source"], "filter": "contamination"}
            texts = {field: masked(row[field]) for field in FIELDS}
            line = told | {"reason": REASON, "value": ""} | texts
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count
