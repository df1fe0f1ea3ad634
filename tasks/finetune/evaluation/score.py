"""Scores of every answer: how near it is to its reference, and which key facts it lacks."""

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.files import whole_or_nothing
from tasks.finetune.curation.words import count_words
from tasks.finetune.evaluation.key_facts import Fact, key_facts, missing
from tasks.finetune.evaluation.rouge import rouge

SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("rouge1", pa.float64()),
        pa.field("rouge2", pa.float64()),
        pa.field("rougeL", pa.float64()),
        pa.field("key_facts", pa.float64()),  # recall; NaN where the reference has none
        pa.field("key_facts_total", pa.int64()),
        pa.field("key_facts_missing", pa.list_(pa.string())),
        pa.field("ended", pa.bool_()),
        pa.field("words", pa.int64()),
        pa.field("truncated", pa.bool_()),
    ]
)


def score(
    answered: pd.DataFrame,
    max_new_tokens: int,
    on_row: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The scores of each answer.

    Args:
        answered: of `answered.read_answered`.
        max_new_tokens: that the answers were given; one as long that did not end is truncated.
        on_row: called after each answer with the number done and of all.

    Returns:
        Columns of `SCHEMA`, rows in the order of `answered`. ROUGE F1 and recall of key facts are
        in 0..1.
    """
    facts_of_row: dict[str, list[Fact]] = {}
    scored = []
    for done, row in enumerate(answered.itertuples(), start=1):
        if row.row_id not in facts_of_row:
            question = f"{row.instruction}\n{row.input}"
            facts_of_row[row.row_id] = key_facts(row.reference, question)
        facts = facts_of_row[row.row_id]
        lacking = missing(facts, row.answer)
        scored.append(
            {
                "row_id": row.row_id,
                "system": row.system,
                **rouge(row.reference, row.answer),
                "key_facts": 1 - len(lacking) / len(facts) if facts else math.nan,
                "key_facts_total": len(facts),
                "key_facts_missing": [fact.text for fact in lacking],
                "ended": bool(row.ended),
                "words": count_words(row.answer),
                "truncated": not row.ended and row.answer_tokens >= max_new_tokens,
            }
        )
        if on_row:
            on_row(done, len(answered))
    return pd.DataFrame(scored, columns=SCHEMA.names)


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write scores.parquet, whole or not at all."""
    with whole_or_nothing(path) as temporary:
        table = pa.Table.from_pylist(scores.to_dict("records"), schema=SCHEMA)
        pq.write_table(table, temporary, compression="zstd")


def read_scores(path: Path) -> pd.DataFrame:
    """The table that `write_scores` wrote."""
    return pq.read_table(path).to_pandas()
