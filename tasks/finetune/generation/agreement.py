"""Whether an engine says what the reference, transformers in float32, says.

Two engines round differently, so where two next tokens are almost as likely as each other greedy
decoding may take either, and all that follows differs too. A token that differs is therefore
judged where it first does: by the reference's own preference for its token over the engine's. A
small preference is a near-tie; a large one is a fault of the engine, whatever the text looks like.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from tasks.finetune.generation.base import Engine, Generation
from tasks.finetune.language_model.prompts import encode

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

# In nats: the reference gives the other token at least 78 % of the chance of its own. bfloat16
# keeps 8 bits, so logits between 16 and 32 are 0.125 apart, and two of them may be that far off.
NEAR_TIE = 0.25
# Of perplexity: well below the percents by which fine-tuning changes it.
PERPLEXITY_TOLERANCE = 0.005


@dataclass(frozen=True)
class Agreement:
    """How an engine's greedy answers and likelihoods compare with the reference's.

    Attributes:
        n: prompts.
        identical: share of answers that are the same to the last token.
        prefix_share: mean share of the reference's tokens before the first difference.
        flips: the reference's preference (nats) at each first difference, in the prompts' order.
        perplexity, reference_perplexity: over the completions given.
        perplexity_difference: relative, of the two.
    """

    n: int
    identical: float
    prefix_share: float
    flips: list[float]
    perplexity: float
    reference_perplexity: float

    @property
    def perplexity_difference(self) -> float:
        """Of the reference's."""
        return abs(self.perplexity / self.reference_perplexity - 1)

    @property
    def fault(self) -> str | None:
        """What goes beyond the tolerances, in words; None where nothing does."""
        worst = max(self.flips, default=0.0)
        if not worst <= NEAR_TIE:
            return (
                f"it chose a token that the reference finds {worst:.2f} nats less likely than its "
                f"own (tolerance {NEAR_TIE})"
            )
        if not self.perplexity_difference <= PERPLEXITY_TOLERANCE:
            return (
                f"its perplexity is {self.perplexity:.3f} and the reference's "
                f"{self.reference_perplexity:.3f} (tolerance {PERPLEXITY_TOLERANCE:.1%})"
            )
        return None

    def facts(self) -> dict:
        """JSON-able, with the tolerances and the verdict."""
        return asdict(self) | {
            "perplexity_difference": self.perplexity_difference,
            "near_tie_nats": NEAR_TIE,
            "perplexity_tolerance": PERPLEXITY_TOLERANCE,
            "fault": self.fault,
        }


def compare(
    engine: Engine,
    reference: Engine,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerFast",
    examples: Sequence[dict[str, str]],
    max_new_tokens: int,
) -> Agreement:
    """Run both engines over examples.

    Args:
        model: the reference's, to ask for its preferences.
        examples: {"prompt", "completion"} as `prompts.format_example` makes them.
    """
    prompts = [example["prompt"] for example in examples]
    completions = [example["completion"] for example in examples]
    return agreement(
        prompts,
        engine.generate(prompts, max_new_tokens),
        reference.generate(prompts, max_new_tokens),
        engine.nll(prompts, completions),
        reference.nll(prompts, completions),
        model,
        tokenizer,
    )


def agreement(
    prompts: Sequence[str],
    answers: Sequence[Generation],
    expected: Sequence[Generation],
    nll: Sequence[tuple[float, int]],
    expected_nll: Sequence[tuple[float, int]],
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerFast",
) -> Agreement:
    """Compare what two engines gave for the same prompts; `expected` is the reference's."""
    flips, shares = [], []
    for prompt, answer, right in zip(prompts, answers, expected, strict=True):
        same = common_prefix(answer.tokens, right.tokens)
        shares.append(same / len(right.tokens))
        if answer.tokens != right.tokens:
            before = encode(prompt, tokenizer) + right.tokens[:same]
            flips.append(_preference(model, before, right.tokens[same:], answer.tokens[same:]))
    return Agreement(
        n=len(prompts),
        identical=1 - len(flips) / len(prompts),
        prefix_share=float(np.mean(shares)),
        flips=flips,
        perplexity=perplexity(nll),
        reference_perplexity=perplexity(expected_nll),
    )


def common_prefix(tokens: Sequence[int], others: Sequence[int]) -> int:
    """How many tokens at the beginning are the same."""
    pairs = enumerate(zip(tokens, others, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(tokens), len(others)))


def perplexity(nll: Sequence[tuple[float, int]]) -> float:
    """exp of the nats a token, over all tokens."""
    return float(np.exp(sum(nats for nats, _ in nll) / sum(count for _, count in nll)))


def _preference(
    model: "PreTrainedModel", before: list[int], right: list[int], given: list[int]
) -> float:
    """log p of the reference's next token less that of the other; inf where one just stops."""
    import torch

    if not right or not given:
        return float("inf")
    with torch.inference_mode():
        logits = model(torch.tensor([before], device=model.device)).logits[0, -1].double()
    return float(logits[right[0]] - logits[given[0]])
