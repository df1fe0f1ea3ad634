"""Curated rows with what each is judged by: the table of `expectations/qa_curated.json`."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.files import whole_or_nothing
from tasks.finetune.curation.pii import find
from tasks.finetune.curation.question_form import asks_something
from tasks.finetune.curation.truncated import ends_legally
from tasks.finetune.curation.words import count_words
from tasks.finetune.rows import Row, read_batches

TEXTS = ("row_id", "source", "domain", "license", "instruction", "input")
SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [
        ("output_words", pa.int32()),
        ("pii_findings", pa.int32()),
        ("ends_legally", pa.bool_()),
        ("question_form", pa.bool_()),
    ]
)


def write_judged(kept: Path, target: Path) -> int:
    """Judge the curated rows, batch by batch, from their texts and not by what curation says.

    Args:
        kept: Parquet of `rows`.
        target: Parquet to write, SCHEMA.

    Returns:
        The number of rows.
    """
    count = 0
    with whole_or_nothing(target) as temporary, pq.ParquetWriter(temporary, SCHEMA) as writer:
        for batch in read_batches(kept):
            writer.write_table(pa.Table.from_pylist([_judged(row) for row in batch], SCHEMA))
            count += len(batch)
    return count


def _judged(row: Row) -> dict[str, object]:
    texts = (row["instruction"], row["input"], row["output"])
    return {name: row[name] for name in TEXTS} | {
        "output_words": count_words(row["output"]),
        "pii_findings": sum(len(find(text)) for text in texts),
        "ends_legally": ends_legally(row["output"]),
        "question_form": asks_something(row["instruction"]),
    }
