"""How likely a model finds sentences that stand alone."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BATCH = 16


def sentence_nll(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerFast",
    sentences: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> list[tuple[float, int]]:
    """Sum of -log p (natural logarithm) of each sentence's tokens, and how many they are.

    A sentence is preceded by the token that ends a text, as in pretraining, so that its first
    token counts as well; no chat template, because none of this is a conversation. Log p is taken
    in fp32 from the model's logits.

    Args:
        model: in any precision; left in evaluation mode.
        tokenizer: of the model.
        sentences: no empty one.
        progress: told sentences done and in all.
    """
    import torch

    model.eval()
    pad = tokenizer.eos_token_id
    ids = [[pad, *tokenizer(text, add_special_tokens=False)["input_ids"]] for text in sentences]
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    results: list[tuple[float, int]] = [(0.0, 0)] * len(ids)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        longest = max(len(ids[place]) for place in places)
        inputs = torch.full((len(places), longest), pad, dtype=torch.long)
        counted = torch.zeros((len(places), longest), dtype=torch.bool)
        for row, place in enumerate(places):
            inputs[row, : len(ids[place])] = torch.tensor(ids[place])
            counted[row, : len(ids[place])] = True
        inputs, counted = inputs.to(model.device), counted.to(model.device)
        with torch.inference_mode():
            logits = model(input_ids=inputs, attention_mask=counted.long()).logits[:, :-1]
            of_tokens = torch.nn.functional.cross_entropy(
                logits.float().transpose(1, 2), inputs[:, 1:], reduction="none"
            )
        sums = (of_tokens * counted[:, 1:]).double().sum(dim=1).tolist()
        for place, total in zip(places, sums, strict=True):
            results[place] = (total, len(ids[place]) - 1)
        if progress:
            progress(min(start + BATCH, len(order)), len(order))
    return results
