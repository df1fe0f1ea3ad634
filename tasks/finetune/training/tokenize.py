"""Rows to token ids and labels: what is learned, and what does not fit."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tasks.errors import BadInput
from tasks.finetune.language_model.prompts import encode, format_example

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast

# As cross entropy takes it: a label that is not learned.
NOT_LEARNED = -100
COLUMNS = ["input_ids", "labels", "length"]
PROMPT_FILLS = "the prompt alone fills max_length"
TOO_LONG = "longer than max_length"


@dataclass
class TokenFigures:
    """How many rows became examples, and what was done with those that are too long.

    Attributes:
        dropped: reason to the row ids that it took out.
        tokens, learned: of the kept examples, all tokens and those with a label.
    """

    rows: int = 0
    kept: int = 0
    truncated: int = 0
    tokens: int = 0
    learned: int = 0
    max_length: int = 0
    dropped: dict[str, list[str]] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def tokenized(
    rows: Iterable[Mapping[str, str]],
    tokenizer: "PreTrainedTokenizerFast",
    max_length: int,
    too_long: Literal["truncate", "drop"] = "truncate",
    loss_on: Literal["response", "all"] = "response",
    split: str = "train",
) -> "tuple[Dataset, TokenFigures]":
    """Examples with input_ids, labels and length, unpadded, in the order of the rows.

    Prompt and completion are tokenized apart, so that the prompt has the very tokens that it has
    in evaluation and serving. An example that is too long loses its end, and with it EOS, or is
    dropped; one whose prompt leaves no room for an answer is always dropped.

    Args:
        max_length: most tokens of an example.
        split: for messages.

    Raises:
        BadInput: there are no rows, or none is left.
    """
    from datasets import Dataset

    listed = [dict(row) for row in rows]
    if not listed:
        raise BadInput(f"the {split} split is empty: curate rows for it, or change the shares")
    figures = TokenFigures(rows=len(listed), max_length=max_length)
    examples = Dataset.from_list(listed).map(
        lambda row: _example(row, tokenizer, max_length, loss_on),
        remove_columns=[name for name in listed[0] if name != "row_id"],
        # Nothing is cached on disk, so nothing needs to be hashed.
        new_fingerprint=f"{split}-tokens",
    )
    keep = []
    for place, example in enumerate(examples):
        reason = PROMPT_FILLS if not example["room"] else TOO_LONG if example["cut"] else ""
        if reason == TOO_LONG and too_long == "truncate":
            figures.truncated += 1
        elif reason:
            figures.dropped.setdefault(reason, []).append(str(example.get("row_id", place)))
            continue
        keep.append(place)
        figures.tokens += example["length"]
        figures.learned += sum(label != NOT_LEARNED for label in example["labels"])
    figures.kept = len(keep)
    if not keep:
        reasons = ", ".join(f"{len(ids)} {reason}" for reason, ids in figures.dropped.items())
        raise BadInput(
            f"no row of the {split} split fits into {max_length} tokens ({reasons}): raise "
            "max_length, or shorten the rows"
        )
    return examples.select(keep).select_columns(COLUMNS), figures


def _example(
    row: Mapping[str, str], tokenizer: "PreTrainedTokenizerFast", max_length: int, loss_on: str
) -> dict[str, Any]:
    """One row's token ids and labels, cut to `max_length`."""
    texts = format_example(row, tokenizer)
    prompt, completion = (encode(texts[part], tokenizer) for part in ("prompt", "completion"))
    ids = prompt + completion
    labels = ids if loss_on == "all" else [NOT_LEARNED] * len(prompt) + completion
    return {
        "input_ids": ids[:max_length],
        "labels": labels[:max_length],
        "length": min(len(ids), max_length),
        "cut": len(ids) > max_length,
        "room": len(prompt) < max_length,
    }
