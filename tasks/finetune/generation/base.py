"""What every generation engine does: greedy answers to prompts, and the likelihood of references.

Prompts and completions are texts as `language_model.prompts` makes them: they hold every special
token, so nothing is added when they are tokenized.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast

OnDone = Callable[[int, int], None]  # answers done, answers asked for


@dataclass(frozen=True)
class Generation:
    """One greedy answer.

    Attributes:
        text: without special tokens and outer white space.
        tokens: ids that were generated, the one that ended the answer included.
        ended: whether the model ended the answer itself, before `max_new_tokens`.
        seconds: this answer's share of the wall time of the prompts it was generated with.
    """

    text: str
    tokens: list[int]
    ended: bool
    seconds: float


class Engine(Protocol):
    """A way to run a language model. Close it to free what it holds."""

    name: str

    def generate(
        self, prompts: Sequence[str], max_new_tokens: int, on_done: OnDone | None = None
    ) -> list[Generation]:
        """Greedy answers, in the order of the prompts.

        Raises:
            BadInput: a prompt and its answer may not fit into the model's window.
        """
        ...

    def nll(self, prompts: Sequence[str], completions: Sequence[str]) -> list[tuple[float, int]]:
        """Sum of -log p (nats) of each completion's tokens after its prompt, and how many.

        Exactly the completion's tokens count: its end token does where the text holds it, and
        nothing of the prompt does.

        Raises:
            BadInput: a prompt and its completion do not fit into the model's window.
        """
        ...

    def rest(self) -> None:
        """Free the memory that is taken again when the engine is next used."""
        ...

    def close(self) -> None:
        """Free memory and temporary files; the engine cannot be used afterwards."""
        ...


def greedy(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", max_new_tokens: int = 1
) -> "GenerationConfig":
    """Settings of greedy decoding: nothing that a model's own defaults would bend is left in.

    An answer ends with the tokenizer's end token, or another that the model names.
    """
    from transformers import GenerationConfig

    named = model.generation_config.eos_token_id
    named = named if isinstance(named, list) else [named]
    ends = {tokenizer.eos_token_id, *(token for token in named if token is not None)}
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        eos_token_id=sorted(ends),
        pad_token_id=tokenizer.pad_token_id,
    )


def trimmed(tokens: Sequence[int], ends: Sequence[int]) -> tuple[list[int], bool]:
    """The tokens up to and with the first that ends an answer, and whether there is one."""
    for place, token in enumerate(tokens):
        if token in ends:
            return list(tokens[: place + 1]), True
    return list(tokens), False
