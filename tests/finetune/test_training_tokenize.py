"""What is learned is the answer and its end, and what does not fit is counted."""

import pytest

from tasks.errors import BadInput
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.training.tokenize import NOT_LEARNED, PROMPT_FILLS, TOO_LONG, tokenized

ROWS = [
    {"row_id": "a", "instruction": "Why is it full?", "input": "", "output": "Delete the logs."},
    {"row_id": "b", "instruction": "Reset it", "input": "now", "output": "Open the console ."},
]
LONG = {"row_id": "long", "instruction": "Go on", "input": "", "output": "disk " * 60}
FILLED = {"row_id": "filled", "instruction": "disk " * 60, "input": "", "output": "Yes."}


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(tiny_model)


def test_labels_are_the_answer_and_its_end_only(tokenizer):
    examples, _ = tokenized(ROWS, tokenizer, 512)
    for row, example in zip(ROWS, examples, strict=True):
        learned = [label for label in example["labels"] if label != NOT_LEARNED]
        assert tokenizer.decode(learned) == row["output"] + tokenizer.eos_token
        assert example["labels"][-1] == tokenizer.eos_token_id


def test_the_prompt_has_the_tokens_of_evaluation(tokenizer):
    examples, _ = tokenized(ROWS, tokenizer, 512)
    for row, example in zip(ROWS, examples, strict=True):
        prompt = [
            token
            for token, label in zip(example["input_ids"], example["labels"], strict=True)
            if label == NOT_LEARNED
        ]
        assert prompt == encode(format_prompt(row, tokenizer), tokenizer)


def test_everything_is_learned_where_that_is_asked(tokenizer):
    examples, figures = tokenized(ROWS, tokenizer, 512, loss_on="all")
    assert all(example["labels"] == example["input_ids"] for example in examples)
    assert figures.learned == figures.tokens


def test_a_cut_answer_does_not_learn_to_end(tokenizer):
    examples, figures = tokenized([*ROWS, LONG], tokenizer, 48)
    assert (figures.kept, figures.truncated) == (3, 1)
    assert examples[2]["length"] == 48
    assert tokenizer.eos_token_id not in examples[2]["labels"]


def test_rows_are_kept_or_counted_with_a_reason(tokenizer):
    _, figures = tokenized([*ROWS, LONG, FILLED], tokenizer, 48, too_long="drop")
    assert figures.dropped == {TOO_LONG: ["long"], PROMPT_FILLS: ["filled"]}
    assert figures.rows == figures.kept + 2


def test_nothing_left_is_bad_input(tokenizer):
    with pytest.raises(BadInput, match="no row of the train split fits into 48 tokens"):
        tokenized([FILLED], tokenizer, 48)


def test_an_empty_split_is_bad_input(tokenizer):
    with pytest.raises(BadInput, match="the val split is empty"):
        tokenized([], tokenizer, 48, split="val")
