"""The table of answers, from a real engine to the file and back."""

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tasks.finetune.generation.answers import answer, schema, write_answers
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.generation.pytorch import PytorchEngine
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_prompt

ROWS = [
    {"row_id": "a", "instruction": "How do I reset a password ?", "input": "", "output": "Open it"},
    {"row_id": "b", "instruction": "Is it full ?", "input": "disk 90", "output": "Delete logs ."},
]


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path):
    return load_tokenizer(tiny_model, side="left")


@pytest.fixture(scope="module")
def engine(tiny_model: Path, tokenizer) -> PytorchEngine:
    return PytorchEngine(load_merged(tiny_model), tokenizer, batch=2)


def test_every_row_is_answered_and_read_back(tokenizer, engine, tmp_path):
    table = answer(engine, tokenizer, ROWS, "base", 6)
    assert write_answers(tmp_path / "answers.parquet", table) == 2
    read = pq.read_table(tmp_path / "answers.parquet")
    assert read.schema.equals(schema())
    assert read.to_pylist() == table
    assert [row["row_id"] for row in table] == ["a", "b"]
    for row, given in zip(table, ROWS, strict=True):
        assert row["prompt"] == format_prompt(given, tokenizer)
        assert row["prompt_tokens"] == len(encode(row["prompt"], tokenizer))
        assert row["nll_tokens"] == len(encode(given["output"], tokenizer)) + 1
        assert 0 < row["answer_tokens"] <= 6
        assert row["ended"] or row["answer_tokens"] == 6


def test_other_prompts_have_no_likelihood_of_the_reference(tokenizer, engine):
    prompts = [f"{format_prompt(row, tokenizer)}Step by step :" for row in ROWS]
    table = answer(engine, tokenizer, ROWS, "chain_of_thought", 4, prompts=prompts)
    assert [row["prompt"] for row in table] == prompts
    assert all(math.isnan(row["nll"]) and row["nll_tokens"] == 0 for row in table)


def test_likelihoods_may_come_from_another_engine(tokenizer, engine):
    class Scorer:
        def nll(self, prompts, completions):
            return [(1.5, len(completion)) for completion in completions]

    table = answer(engine, tokenizer, ROWS, "base", 2, scorer=Scorer())
    assert [row["nll"] for row in table] == [1.5, 1.5]
