"""Reads every source into one table of rows, and accounts for every row that is not in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks.errors import StageFailed
from tasks.files import whole_or_nothing
from tasks.finetune.rows import write_rows
from tasks.finetune.sources import read_source
from tasks.finetune.sources.locations import MissingSource
from tasks.finetune.sources.records import Unreadable
from tasks.finetune.sources.spec import SourceSpec


def gather(
    specs: Sequence[SourceSpec],
    rows_path: Path,
    refused_path: Path,
    mask: Callable[[str], str],
    progress: Callable[[str, int], None] = lambda source, rows: None,
) -> dict[str, Any]:
    """Write the rows of all sources (Parquet) and the refused ones (JSONL); both whole or none.

    A line of the second file has the keys row_id, source, reason and excerpt, the last two masked.

    Args:
        specs: the sources in reading order.
        mask: hides personal data in what refused rows say.
        progress: called with a source's name and its rows so far, every thousand rows.

    Returns:
        sources: figures of each source (`SourceFigures.as_dict`), with `required` and `problem`,
            why it gives no row, or "";
        rows_read, rows_kept, rows_refused: of all; refused_by_reason: category to count;
        warnings: sentences, also on sources that are missing or empty.

    Raises:
        BadInput: a source is there and cannot be used.
        HubUnreachable: a data set cannot be had from the hub; trying again may help.
    """
    figures: list[dict[str, Any]] = []
    warnings: list[str] = []
    with (
        whole_or_nothing(refused_path) as temporary,
        open(temporary, "w", encoding="utf-8") as refused,
        write_rows(rows_path) as append,
    ):
        for spec in specs:
            reading, problem = read_source(spec), ""
            try:
                for number, row in enumerate(reading, start=1):
                    if isinstance(row, Unreadable):
                        # A reason may quote a licence or a domain as the source writes it.
                        masked = {"reason": mask(row.reason), "excerpt": mask(row.excerpt)}
                        line = asdict(row) | masked
                        refused.write(json.dumps(line, ensure_ascii=False) + "\n")
                    else:
                        append([row])
                    if number % 1000 == 0:
                        progress(spec.name, number)
            except MissingSource as error:
                problem = str(error)
                warnings.append(f"Left out: {problem}")
            warnings += [f"{spec.name}: {warning}" for warning in reading.figures.warnings]
            told = {"required": spec.required, "problem": problem}
            figures.append(reading.figures.as_dict() | told)
    return added_up([{"sources": figures}]) | {"warnings": warnings}


def added_up(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of several calls of `gather` as those of one, without the warnings.

    Raises:
        StageFailed: rows were lost.
    """
    figures = [source for part in parts for source in part["sources"]]
    totals: dict[str, Any] = {
        name: sum(source[name] for source in figures)
        for name in ("rows_read", "rows_kept", "rows_refused")
    }
    if totals["rows_read"] != totals["rows_kept"] + totals["rows_refused"]:
        raise StageFailed(f"Rows are lost between reading and writing: {totals}")
    by_reason: dict[str, int] = {}
    for source in figures:
        for reason, count in source["refused_by_reason"].items():
            by_reason[reason] = by_reason.get(reason, 0) + count
    return {"sources": figures, **totals, "refused_by_reason": by_reason}
