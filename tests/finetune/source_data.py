"""Helpers of the tests of sources: a spec in one line, and its rows and refusals apart."""

from pathlib import Path
from typing import Any

from tasks.finetune.rows import Row
from tasks.finetune.sources import read_source
from tasks.finetune.sources.records import SourceFigures, Unreadable
from tasks.finetune.sources.spec import SourceSpec

Outcome = tuple[list[Row], list[Unreadable], SourceFigures]


def read(kind: str, location: Path | str, **settings: Any) -> Outcome:
    """The rows that a source gives, those that it refuses, and its figures."""
    spec = SourceSpec.model_validate(
        {"name": "test", "kind": kind, "location": str(location), **settings}
    )
    return read_spec_rows(spec)


def read_spec_rows(spec: SourceSpec) -> Outcome:
    """As `read`, for a spec that is there already."""
    reading = read_source(spec)
    found = list(reading)
    rows = [row for row in found if not isinstance(row, Unreadable)]
    refused = [row for row in found if isinstance(row, Unreadable)]
    figures = reading.figures
    assert figures.rows_read == len(found) == figures.rows_kept + figures.rows_refused
    return rows, refused, figures


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    """A file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path
