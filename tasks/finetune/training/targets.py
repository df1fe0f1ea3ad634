"""Which layers of a model get an adapter, found by looking at the model."""

from typing import TYPE_CHECKING, Literal

from tasks.errors import BadInput
from tasks.finetune.language_model.layers import linear_paths

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_ATTENTION = ("attn", "attention")


def find_targets(
    model: "PreTrainedModel", choice: Literal["auto", "attention", "all-linear"]
) -> list[str]:
    """Names of the linear layers for an adapter, as peft's `target_modules` takes them.

    A layer belongs to attention if the module that holds it says so by its name. The layer that
    gives the logits is never taken. A name is the last part of the path ("q_proj"), or the last
    two ("attn.c_proj") where a layer that is not wanted has the same last part.

    Args:
        choice: "auto" is attention, or all where no layer can be told to be attention.

    Raises:
        BadInput: the model has no such layer.
    """
    linear = linear_paths(model)
    attention = [path for path in linear if _is_attention(path)]
    wanted = attention if choice == "attention" or (choice == "auto" and attention) else linear
    if not wanted:
        kind = "attention" if choice == "attention" else "linear"
        raise BadInput(
            f"{type(model).__name__} has no layer that can be told to be {kind}: "
            + ("set targets to all-linear" if kind == "attention" else "choose another model")
        )
    unwanted = [path for path in linear_paths(model, with_output=True) if path not in set(wanted)]
    taken = {path.rsplit(".", 1)[-1] for path in unwanted}
    return sorted({_short(path, taken) for path in wanted})


def _is_attention(path: str) -> bool:
    """Whether the module that holds the layer calls itself attention."""
    holders = path.split(".")[:-1]
    return any(word in holder.casefold() for holder in holders[-2:] for word in _ATTENTION)


def _short(path: str, taken: set[str]) -> str:
    parts = path.split(".")
    return parts[-1] if parts[-1] not in taken else ".".join(parts[-2:])
