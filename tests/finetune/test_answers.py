"""The table of answers, from a real engine to the file and back."""

import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from tasks.finetune.answering import answer_splits
from tasks.finetune.generation.answers import answer, schema, write_answers
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.generation.pytorch import PytorchEngine
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.training.adapter import with_adapter
from tasks.finetune.training.settings import TrainingSettings

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


def test_one_system_at_a_time_holds_memory(tiny_model, tokenizer, tmp_path, monkeypatch):
    """Both splits are answered by the base model, which is closed, then by the tuned one."""
    adapter = tmp_path / "adapter"
    model, _ = with_adapter(tiny_model, TrainingSettings(), torch.float32, "cpu")
    model.save_pretrained(adapter)
    events = []
    generate, close = PytorchEngine.generate, PytorchEngine.close
    monkeypatch.setattr(
        PytorchEngine,
        "generate",
        lambda self, *args: events.append((id(self), "answers")) or generate(self, *args),
    )
    monkeypatch.setattr(
        PytorchEngine, "close", lambda self: events.append((id(self), "closed")) or close(self)
    )
    done = []
    files = [tmp_path / "test.parquet", tmp_path / "val.parquet"]
    splits = dict(zip(files, (ROWS, ROWS[:1]), strict=True))
    answer_splits(tiny_model, adapter, splits, 2, "pytorch", done.append)
    assert [what for _, what in events][:6] == ["answers", "answers", "closed"] * 2
    assert len({of for of, _ in events[:3]}) == len({of for of, _ in events[3:6]}) == 1
    assert done[-1] == 6
    for file, rows in splits.items():
        read = pq.read_table(file).to_pylist()
        assert [(row["system"], row["row_id"]) for row in read] == [
            (system, row["row_id"]) for system in ("base", "tuned") for row in rows
        ]
