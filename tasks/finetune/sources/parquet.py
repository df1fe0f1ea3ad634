"""Parquet tables, in batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import BadInput
from tasks.finetune.sources.records import Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec

BATCH_ROWS = 1024


def read_parquet(spec: SourceSpec, path: Path, figures: SourceFigures) -> Iterator[Record]:
    """The rows of a Parquet file; text that is no UTF-8 keeps its bytes as lone surrogates.

    Raises:
        BadInput: it is no Parquet file, is damaged, or has no row.
    """
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                for fields in _fields(batch):
                    number += 1
                    yield Record(f"{path.name} row {number}", fields)
    except (pa.ArrowException, OSError) as error:
        problem = " ".join(str(error).split())[:200]
        raise BadInput(
            f"{path} (source {spec.name}) is no Parquet file that can be read ({problem}): "
            "export it again."
        ) from error
    if number == 0:
        raise BadInput(f"{path} (source {spec.name}) has no row: fill or remove it.")


def _fields(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    try:
        return batch.to_pylist()
    except UnicodeDecodeError:
        columns = {name: _values(batch.column(name)) for name in batch.schema.names}
        names = list(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(column: pa.Array) -> list[Any]:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.to_pylist()
    data = column.cast(pa.large_binary()).to_pylist()
    return [None if one is None else one.decode("utf-8", "surrogateescape") for one in data]
