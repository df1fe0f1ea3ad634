"""The table of answers: one row for each row of a split and each system that answered it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.files import whole_or_nothing
from tasks.finetune.generation.base import Engine, OnDone
from tasks.finetune.language_model.prompts import encode, format_example

if TYPE_CHECKING:
    import pyarrow as pa
    from transformers import PreTrainedTokenizerFast


def answer(
    engine: Engine,
    tokenizer: "PreTrainedTokenizerFast",
    rows: Sequence[dict[str, str]],
    system: str,
    max_new_tokens: int,
    prompts: Sequence[str] | None = None,
    on_done: OnDone | None = None,
) -> list[dict[str, Any]]:
    """Answer every row greedily.

    Args:
        rows: of a split, in any order, with `writing.KEYS`.
        system: what answers: base, tuned, few_shot or chain_of_thought.
        prompts: one a row, in place of the row's own (`prompts.format_prompt`): then the
            likelihood of the reference is not asked for, because it is that of another question.

    Returns:
        Rows of `schema`. nll is in nats and counts the response with its end token, and nothing
        else; it is NaN, of 0 tokens, where `prompts` are given.

    Raises:
        BadInput: a row does not fit into the model's window.
    """
    examples = [format_example(row, tokenizer) for row in rows]
    asked = [example["prompt"] for example in examples] if prompts is None else list(prompts)
    generations = engine.generate(asked, max_new_tokens, on_done)
    likelihoods = [(float("nan"), 0)] * len(rows)
    if prompts is None:
        references = [example["completion"] for example in examples]
        likelihoods = engine.nll(asked, references)
    return [
        {
            "row_id": row["row_id"],
            "system": system,
            "prompt": prompt,
            "answer": generation.text,
            "prompt_tokens": len(encode(prompt, tokenizer)),
            "answer_tokens": len(generation.tokens),
            "ended": generation.ended,
            "seconds": generation.seconds,
            "nll": nll,
            "nll_tokens": tokens,
        }
        for row, prompt, generation, (nll, tokens) in zip(
            rows, asked, generations, likelihoods, strict=True
        )
    ]


def schema() -> "pa.Schema":
    """Columns of answers.parquet.

    answer_tokens counts the token that ended the answer; ended says whether there is one;
    seconds is the answer's share of the wall time of the prompts it was generated with.
    """
    import pyarrow as pa

    return pa.schema(
        {
            "row_id": pa.string(),
            "system": pa.string(),
            "prompt": pa.string(),
            "answer": pa.string(),
            "prompt_tokens": pa.int64(),
            "answer_tokens": pa.int64(),
            "ended": pa.bool_(),
            "seconds": pa.float64(),
            "nll": pa.float64(),
            "nll_tokens": pa.int64(),
        }
    )


def write_answers(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write answers.parquet, whole or not at all; returns the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(list(rows), schema=schema())
    with whole_or_nothing(path) as temporary:
        pq.write_table(table, temporary)
    return table.num_rows
