"""What base and tuned model say: to the rows of splits, to general questions, to other prompts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.generation import answers
from tasks.finetune.generation.choose import choose, open_kind
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.language_model.early_checks import window_of
from tasks.finetune.language_model.load import (
    best_device,
    best_dtype,
    load_tokenizer,
    on_free_threads,
)
from tasks.finetune.language_model.prompts import encode, format_example, format_prompt
from tasks.finetune.understanding.forgetting.compare import MAX_NEW_TOKENS
from tasks.finetune.understanding.forgetting.perplexity import sentence_nll
from tasks.finetune.understanding.forgetting.questions import Question
from tasks.finetune.understanding.prompting import prompts as prompting

SplitRow = dict[str, str]
# Called with answers done, and answers asked for where that is known.
Progress = Callable[..., None]
AUTO = "auto"
# The engine's answers to so many rows are compared with those of transformers.
COMPARED = 8
# Few-shot prompts stay within this, whatever the model's window: attention costs its square.
MOST_PROMPT_TOKENS = 2048


@on_free_threads()
def answer_splits(
    model: Path,
    adapter: Path,
    splits: Mapping[Path, Sequence[SplitRow]],
    max_new_tokens: int,
    engine: str,
    progress: Progress,
) -> dict[str, Any]:
    """Let base and tuned model answer splits, and write an answers.parquet for each.

    Args:
        model, adapter: folders.
        splits: file to write to the rows of the split.
        engine: one of `generation.choose.KINDS`, or auto.

    Returns:
        Facts of the engine: engine, kind, reason, agreements.

    Raises:
        BadInput: a row does not fit into the model's window.
    """
    tokenizer = load_tokenizer(model, "left")
    first = next(iter(splits.values()))
    examples = [format_example(row, tokenizer) for row in first[:COMPARED]]
    chosen = choose(model, [None, adapter], examples, None if engine == AUTO else [engine])
    tables: dict[Path, list[dict[str, Any]]] = {file: [] for file in splits}
    before = 0
    try:
        for system, of_system in zip(("base", "tuned"), chosen.engines, strict=True):
            for file, rows in splits.items():
                tables[file] += answers.answer(
                    of_system,
                    tokenizer,
                    rows,
                    system,
                    max_new_tokens,
                    on_done=lambda done, _asked, before=before: progress(before + done),
                )
                before += len(rows)
            of_system.close()  # one holds gigabytes, and two would not fit into a small machine
    finally:
        chosen.close()
    for file, table in tables.items():
        answers.write_answers(file, table)
    return chosen.facts()


def refuse_too_long(
    model: Path,
    splits: Mapping[str, Sequence[SplitRow]],
    max_new_tokens: int,
) -> dict[str, int | None]:
    """Refuse rows that the model cannot see whole with the answer that will be asked for.

    Args:
        splits: name to rows. Those of test are asked to think first as well, which is longer.

    Returns:
        window, and the longest prompt and the longest prompt with its reference in tokens.

    Raises:
        BadInput: names the first row that is too long.
    """
    tokenizer = load_tokenizer(model, "left")
    window = window_of(model)
    longest = {"prompt": 0, "prompt_and_reference": 0}
    for split, rows in splits.items():
        for row in rows:
            texts = format_example(row, tokenizer)
            prompt, reference = (len(encode(text, tokenizer)) for text in texts.values())
            asked = prompt + max_new_tokens
            if split == "test":
                thought = len(encode(prompting.chain_of_thought(row, tokenizer), tokenizer))
                asked = thought + max_new_tokens + prompting.THINKING_TOKENS
            needed = max(asked, prompt + reference)
            if window is not None and needed > window:
                raise BadInput(
                    f"row {row['row_id']} of the {split} split needs {needed} tokens with its "
                    f"answer, but the model sees {window}: shorten or remove the row, lower "
                    "max_new_tokens, or choose another model"
                )
            longest["prompt"] = max(longest["prompt"], prompt)
            longest["prompt_and_reference"] = max(
                longest["prompt_and_reference"], prompt + reference
            )
    return {"window": window, **longest}


@dataclass(frozen=True)
class Remembered:
    """What a model still knows besides the task.

    Attributes:
        answers: to the general questions.
        nll: sum of -log p and number of tokens of each general sentence.
    """

    answers: list[str]
    nll: list[tuple[float, int]]


@on_free_threads()
def remembered(
    model: Path,
    adapter: Path | None,
    questions: Sequence[Question],
    sentences: Sequence[str],
    engine: str,
) -> Remembered:
    """What the model, with an adapter or without, says to what the task did not teach.

    Args:
        engine: one of `generation.choose.KINDS`.
    """
    tokenizer = load_tokenizer(model, "left")
    asked = [format_prompt(question.example(), tokenizer) for question in questions]
    opened = open_kind(engine, model, adapter, tokenizer)
    try:
        said = [generation.text for generation in opened.generate(asked, MAX_NEW_TOKENS)]
    finally:
        opened.close()
    device = best_device()
    merged = load_merged(model, adapter, best_dtype(device), device)
    return Remembered(said, sentence_nll(merged, tokenizer, sentences))


@on_free_threads()
def answer_prompted(
    model: Path,
    rows: Sequence[SplitRow],
    train_rows: Sequence[SplitRow],
    file: Path,
    max_new_tokens: int,
    engine: str,
    progress: Progress,
) -> dict[str, Any]:
    """Let the base model answer with examples in the prompt, and with thinking first.

    Of what is thought aloud, the file holds the answer alone, and the tokens of all.

    Args:
        rows: to answer.
        train_rows: to take examples from.
        file: answers.parquet to write.
        engine: one of `generation.choose.KINDS`.

    Returns:
        without_mark: how many thoughts had no marked answer; examples: mean number in a prompt.
    """
    tokenizer = load_tokenizer(model, "left")
    most = min(window_of(model) or MOST_PROMPT_TOKENS, MOST_PROMPT_TOKENS) - max_new_tokens
    near = prompting.nearest(rows, train_rows)
    shots = [prompting.few_shot(row, near[row["row_id"]], tokenizer, most) for row in rows]
    thoughts = [prompting.chain_of_thought(row, tokenizer) for row in rows]
    opened = open_kind(engine, model, None, tokenizer)
    try:
        table = answers.answer(
            opened,
            tokenizer,
            rows,
            prompting.FEW_SHOT,
            max_new_tokens,
            [shot.prompt for shot in shots],
            on_done=lambda done, _asked: progress(done),
        )
        thought = answers.answer(
            opened,
            tokenizer,
            rows,
            prompting.CHAIN_OF_THOUGHT,
            max_new_tokens + prompting.THINKING_TOKENS,
            thoughts,
            on_done=lambda done, _asked: progress(len(rows) + done),
        )
    finally:
        opened.close()
    told, without_mark = prompting.keep_answer_parts(thought)
    answers.write_answers(file, [*table, *told])
    return {
        "without_mark": without_mark,
        "examples": sum(len(shot.row_ids) for shot in shots) / len(shots),
    }
