"""Token sequences of a split, put together so that little padding is computed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tasks.errors import BadInput
from tasks.finetune.language_model.prompts import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def by_length(lengths: Sequence[int], most: int, tokens: int | None = None) -> Iterator[list[int]]:
    """Places of the sequences in batches, the longest first: too little memory shows at once.

    Args:
        lengths: of the sequences, in tokens.
        most: sequences in a batch.
        tokens: in a batch, padding included; a longer sequence is a batch of its own.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        full = batch and tokens is not None and (len(batch) + 1) * lengths[batch[0]] > tokens
        if len(batch) == most or full:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def padded(
    sequences: Sequence[Sequence[int]], token: int, left: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Ids and attention mask (1 where a token is), both int64, sequences x longest."""
    longest = max(map(len, sequences))
    ids = np.full((len(sequences), longest), token, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        place = slice(longest - len(sequence), longest) if left else slice(0, len(sequence))
        ids[row, place] = sequence
        mask[row, place] = 1
    return ids, mask


def encoded_prompts(
    prompts: Sequence[str],
    tokenizer: "PreTrainedTokenizerFast",
    window: int | None,
    new_tokens: int,
) -> list[list[int]]:
    """Ids of each prompt.

    Args:
        window: tokens that the model can see at once; None where it sets no limit.
        new_tokens: that will be generated after each.

    Raises:
        BadInput: a prompt is empty, or too long to be answered.
    """
    sequences = [encode(prompt, tokenizer) for prompt in prompts]
    for number, sequence in enumerate(sequences, start=1):
        if not sequence:
            raise BadInput(f"prompt {number} of {len(prompts)} is empty: give it a text")
        if window is not None and len(sequence) + new_tokens > window:
            raise BadInput(
                f"prompt {number} of {len(prompts)} has {len(sequence)} tokens and may get "
                f"{new_tokens} more, but the model sees {window}: shorten it or lower "
                "max_new_tokens"
            )
    return sequences


def encoded_pairs(
    prompts: Sequence[str],
    completions: Sequence[str],
    tokenizer: "PreTrainedTokenizerFast",
    window: int | None,
) -> list[tuple[list[int], int]]:
    """Ids of each prompt followed by its completion, and how many of them are the completion's.

    The two are tokenized apart, as in training, so that no token spans both.

    Raises:
        BadInput: the two together are longer than the window, or one is empty.
    """
    pairs = []
    for number, (prompt, completion) in enumerate(zip(prompts, completions, strict=True), start=1):
        asked, answered = encode(prompt, tokenizer), encode(completion, tokenizer)
        if not asked or not answered:
            raise BadInput(f"example {number} of {len(prompts)} has an empty prompt or response")
        if window is not None and len(asked) + len(answered) > window:
            raise BadInput(
                f"example {number} of {len(prompts)} has {len(asked) + len(answered)} tokens, but "
                f"the model sees {window}: shorten it or leave it out"
            )
        pairs.append((asked + answered, len(answered)))
    return pairs
