"""A small run's files, made by hand: rows as taken, a quarantine, three splits."""

import json
from pathlib import Path
from typing import NamedTuple

from tasks.finetune.rows import Row, write_rows
from tasks.finetune.writing import write_splits

HOSTILE = '<script>alert("x")</script> | **bold** [link](http://example.org)'


class Files(NamedTuple):
    taken: Path
    quarantine: Path
    splits: Path


def row(source: str, number: int, words: int, **other: str) -> Row:
    return {
        "row_id": f"{source}:{number:016x}",
        "source": source,
        "kind": "manual" if source == "manual" else "faq",
        "domain": ("network", "linux", "printing")[number % 3],
        "license": "CC0-1.0" if source == "manual" else "GPL-2.0-only",
        "url": "",
        "instruction": f"How do I repair number {number}?",
        "input": "",
        "output": " ".join(f"word{(number * 7 + place) % 900}" for place in range(words)),
    } | other


def kept_rows() -> list[tuple[str, Row]]:
    """70 rows; one of them is very long, one holds markup."""
    rows = []
    for number in range(70):
        source = "manual" if number < 20 else "faq"
        split = "test" if number % 10 == 0 else "val" if number % 10 == 5 else "train"
        rows.append((split, row(source, number, 40 + 3 * (number % 25))))
    rows[21] = ("train", row("faq", 21, 480))
    rows[33] = ("train", row("faq", 33, 60, instruction=HOSTILE, domain=HOSTILE))
    return rows


def blocked_rows() -> list[tuple[str, str, Row]]:
    """Reason, value, row: 12 too short, 4 near duplicates, 1 under another licence."""
    rows = [("output too short", f"{n} words", row("faq", 1000 + n, n)) for n in range(8, 20)]
    rows += [
        ("near duplicate", f"of faq:{n:016x}", row("faq", 2000 + n, 60)) for n in range(20, 24)
    ]
    rows.append(("licence not allowed: CC-BY-NC-4.0", "", row("web", 1, 90, output=HOSTILE)))
    return rows


def write_run(folder: Path) -> Files:
    files = Files(folder / "taken.parquet", folder / "quarantine.jsonl", folder / "splits")
    with write_rows(files.taken) as write:
        write([value for _, value in kept_rows()])
        write([value for _, _, value in blocked_rows()])
    with open(files.quarantine, "w", encoding="utf-8") as file:
        for reason, value, blocked in blocked_rows():
            line = {key: blocked[key] for key in ("row_id", "source", "instruction", "output")}
            file.write(json.dumps(line | {"reason": reason, "value": value}) + "\n")
    write_splits(files.splits, kept_rows())
    return files
