"""One row of fine-tuning data: the same string keys everywhere, and its Parquet file in batches."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import BadInput
from tasks.files import whole_or_nothing

Row = dict[str, str]

COLUMNS = (
    "row_id",  # see RowIds
    "source",  # the name in the source's YAML
    "kind",  # manual, synthetic, faq, hub or file
    "domain",
    "license",
    "url",
    "instruction",
    "input",
    "output",
)
ROW_SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in COLUMNS])
BATCH_ROWS = 4096


class RowIds:
    """Gives the rows of one run their stable ids: "<source>:<16 hex digits>", then "-2", "-3" …

    The digits are the first of the sha256 of instruction, input and output as they were read, so
    that a row keeps its id wherever it stands in its file. Holds one number a row.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Counter[int]] = defaultdict(Counter)

    def next_id(self, source: str, instruction: str, input: str, output: str) -> str:
        """The id of the next row of `source`; content seen before gets a number behind it."""
        content = "\0".join((instruction, input, output))
        # Lone surrogates, which JSON can hold, are no UTF-8 but may be in rows that are refused.
        digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        number = int(digest, 16)
        self._seen[source][number] += 1
        repeat = self._seen[source][number]
        return f"{source}:{digest}" if repeat == 1 else f"{source}:{digest}-{repeat}"


@contextmanager
def write_rows(path: Path) -> Iterator[Callable[[list[Row]], None]]:
    """A function that appends lists of rows to a Parquet file, whole when the block ends well.

    Rows are gathered into groups of `BATCH_ROWS`, so that single rows may be given as well.

    Raises:
        KeyError: a row lacks one of `COLUMNS`.
    """
    with whole_or_nothing(path) as temporary:
        waiting: list[Row] = []
        with pq.ParquetWriter(temporary, ROW_SCHEMA, compression="zstd") as writer:

            def append(rows: list[Row]) -> None:
                waiting.extend(rows)
                while len(waiting) >= BATCH_ROWS:
                    writer.write_table(_table(waiting[:BATCH_ROWS]))
                    del waiting[:BATCH_ROWS]

            yield append
            if waiting:
                writer.write_table(_table(waiting))


def read_batches(path: Path, size: int = BATCH_ROWS) -> Iterator[list[Row]]:
    """The rows of a file made by `write_rows`, in order, in lists of at most `size`.

    Raises:
        BadInput: the file is missing, is no Parquet file or lacks a column of a row.
    """
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise BadInput(f"{path} is missing: run the stage that writes it again") from None
    except pa.ArrowInvalid:
        raise BadInput(f"{path} is no Parquet file: run the stage that writes it again") from None
    with file:
        missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise BadInput(
                f"{path} has no column {', '.join(missing)}: run the stage that writes it again"
            )
        for batch in file.iter_batches(batch_size=size, columns=list(COLUMNS)):
            yield batch.to_pylist()


def _table(rows: list[Row]) -> pa.Table:
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    return pa.table(columns, schema=ROW_SCHEMA)
