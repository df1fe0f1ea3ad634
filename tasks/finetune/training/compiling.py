"""torch.compile for the repeated layers of a decoder, where it is to be had and worth its time.

One layer is compiled and its code serves all, so that it takes as long as one layer takes. Sizes
are dynamic from the start: batches of many lengths share the code.
"""

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tasks.finetune.language_model.layers import decoder_layers

if TYPE_CHECKING:
    from torch import nn

# Compiling takes less than a minute on two cores and makes a step about an eighth shorter
# (docs/log.md), so it earns its time where a training lasts ten minutes: at some 250 tokens/s, that
# is this many tokens.
WORTHWHILE_TOKENS = 150_000


@dataclass(frozen=True)
class Compiled:
    """Whether layers were compiled, and why or why not."""

    used: bool
    reason: str


def compile_layers(
    model: "nn.Module",
    choice: Literal["auto", "off"],
    tokens: int,
    device: str,
) -> Compiled:
    """Let the decoder's layers be compiled when they first run.

    Args:
        tokens: that the training will go through.
    """
    if choice == "off":
        return Compiled(False, "turned off in the settings")
    if tokens < WORTHWHILE_TOKENS:
        return Compiled(
            False,
            f"{tokens} tokens to train on are fewer than the {WORTHWHILE_TOKENS} that earn the "
            "time to compile",
        )
    if device == "cpu" and cpp_compiler() is None:
        return Compiled(False, "there is no C++ compiler (g++ or clang++) on this machine")
    layers = decoder_layers(model)
    if not layers:
        return Compiled(False, "the model has no list of repeated layers")
    import torch

    # A shape or a device that cannot be compiled runs as it is, and does not end the training.
    torch._dynamo.config.suppress_errors = True
    for layer in layers:
        layer.compile(dynamic=True)
    return Compiled(True, f"{len(layers)} layers share compiled code")


def cpp_compiler() -> str | None:
    """The C++ compiler that torch would call, or None."""
    return shutil.which("g++") or shutil.which("clang++")


def compiled_graphs() -> int:
    """Graphs compiled so far in this process: more than a few say that shapes recompile."""
    import torch

    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])
