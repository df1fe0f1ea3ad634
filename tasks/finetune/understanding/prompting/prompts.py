"""Prompts that ask the base model in other ways: with examples, and with thinking first.

Zero-shot is the prompt of training and evaluation itself. The others put their text into the
user's message, so that they work with every chat template, also one without system messages.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.finetune.curation.words import count_words
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.rows import Row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FEW_SHOT, CHAIN_OF_THOUGHT = "few_shot", "chain_of_thought"
EXAMPLES = 3
# Three longer ones would fill a window of 2,048 tokens and leave a small model little attention.
MAX_EXAMPLE_WORDS = 150
# Thinking is paid for in tokens that no other system needs.
THINKING_TOKENS = 100

_THINK = (
    "Think step by step first: what is the likely cause, and what follows from it? Then write a "
    'line that begins with "Answer:" and give the whole answer after it.'
)
_MARK = re.compile(
    r"^[\s>*_#-]*(?:the\s+|my\s+)?(?:final\s+)?answer(?:\s+is)?[*_]*\s*:[*_]*", re.I | re.M
)


@dataclass(frozen=True)
class FewShot:
    """A prompt with examples.

    Attributes:
        prompt: as the model gets it.
        row_ids: of the examples, the most similar last.
    """

    prompt: str
    row_ids: list[str]


def nearest(rows: Sequence[Row], train_rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Row id to the three rows of training that ask something most like it, the nearest first.

    Nearest is the highest cosine of TF-IDF vectors of instruction and input; only rows whose three
    texts have at most `MAX_EXAMPLE_WORDS` words are taken, or the three shortest where fewer are
    as short. Similar examples help more than fixed
    ones (Liu et al., "What Makes Good In-Context Examples for GPT-3?", 2022), so this is the
    strongest few-shot prompt that needs no other model, and the fairest to compare tuning with.
    Rows of training share no near-duplicate with the test split, so no reference is given away.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import

    short = [row for row in train_rows if _words(row) <= MAX_EXAMPLE_WORDS]
    if len(short) < EXAMPLES:
        short = sorted(train_rows, key=_words)[:EXAMPLES]
    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    known = vectors.fit_transform([_asked(row) for row in short])
    likeness = (vectors.transform([_asked(row) for row in rows]) @ known.T).toarray()
    order = (-likeness).argsort(axis=1, kind="stable")[:, :EXAMPLES]
    return {
        row["row_id"]: [short[place] for place in places]
        for row, places in zip(rows, order, strict=True)
    }


def few_shot(
    row: Mapping[str, str],
    examples: Sequence[Row],
    tokenizer: "PreTrainedTokenizerFast",
    max_tokens: int,
) -> FewShot:
    """The prompt with as many of the examples, nearest first, as fit; the nearest stands last.

    Args:
        row: the question.
        examples: of `nearest`.
        tokenizer: of the model.
        max_tokens: of the prompt: the model's window less the tokens of the answer.
    """
    for count in range(len(examples), -1, -1):
        shown = list(examples[:count])[::-1]
        prompt = format_prompt(_with_examples(row, shown), tokenizer)
        if not count or len(encode(prompt, tokenizer)) <= max_tokens:
            return FewShot(prompt, [example["row_id"] for example in shown])
    raise AssertionError("the last turn of the loop returns")


def chain_of_thought(row: Mapping[str, str], tokenizer: "PreTrainedTokenizerFast") -> str:
    """The prompt that asks for steps first and the answer after a line "Answer:"."""
    return format_prompt({"instruction": f"{_asked(row)}\n\n{_THINK}", "input": ""}, tokenizer)


def answer_part(text: str) -> tuple[str, bool]:
    """What stands after the last mark "Answer:" that something follows, and whether there is one.

    Without a mark the whole text is the answer: the model thought aloud or did not heed the prompt.
    """
    for mark in reversed(list(_MARK.finditer(text))):
        part = text[mark.end() :].strip()
        if part:
            return part, True
    return text.strip(), False


def keep_answer_parts(
    answers: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], int]:
    """Rows of answers.parquet with the answer part as answer, and how many had no mark.

    Tokens and seconds stay those of the whole text: they are what the thinking costs.
    """
    kept, without = [], 0
    for row in answers:
        answer, is_marked = answer_part(row["answer"])
        kept.append(dict(row) | {"answer": answer})
        without += not is_marked
    return kept, without


def _with_examples(row: Mapping[str, str], examples: Sequence[Row]) -> dict[str, str]:
    if not examples:
        return dict(row)
    shown = "\n\n".join(
        f"Question: {_asked(example)}\nAnswer: {example['output']}" for example in examples
    )
    asked = f"Answer the last question as the examples do.\n\n{shown}\n\nQuestion: {_asked(row)}"
    return {"instruction": asked, "input": ""}


def _asked(row: Mapping[str, str]) -> str:
    return f"{row['instruction']}\n\n{row['input']}" if row.get("input") else row["instruction"]


def _words(row: Row) -> int:
    return count_words(_asked(row)) + count_words(row["output"])
