"""torch.compile for the repeated layers of a decoder, where it is to be had and worth its time.

One layer is compiled and its code serves all, so that it takes as long as one layer takes. Sizes
are dynamic from the start: batches of many lengths share the code.
"""

import logging
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tasks.finetune.language_model.layers import decoder_layers

if TYPE_CHECKING:
    from torch import nn

# Compiling takes less than a minute on two cores and makes a training about a sixth shorter
# (docs/log.md), so it earns its time where one lasts ten minutes: at some 250 tokens/s, that is
# this many tokens.
WORTHWHILE_TOKENS = 150_000


@dataclass(frozen=True)
class Compiled:
    """Whether layers are to be compiled, and why or why not."""

    used: bool
    reason: str
    graphs_before: int = 0  # that this process had compiled already

    def facts(self) -> dict[str, Any]:
        """What came of it, after the training: used, reason, and graphs, the number of graphs
        compiled (more than a few say that shapes recompile)."""
        graphs = _compiled_graphs() - self.graphs_before if self.used else 0
        failed = self.used and not graphs
        reason = "PyTorch could not compile the layers, which ran as they are"
        return {
            "used": graphs > 0,
            "reason": reason if failed else self.reason,
            "graphs": graphs,
        }


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
    layers = decoder_layers(model)
    if not layers:
        return Compiled(False, "the model has no list of repeated layers")
    if failed := cannot_compile(device):
        return Compiled(False, failed)
    import torch

    # What cannot be compiled all the same runs as it is, and neither ends the training nor fills
    # the terminal.
    torch._dynamo.config.suppress_errors = True
    torch._logging.set_logs(dynamo=logging.ERROR)
    for layer in layers:
        layer.compile(dynamic=True)
    return Compiled(True, f"{len(layers)} layers share compiled code", _compiled_graphs())


def cannot_compile(device: str) -> str | None:
    """Why PyTorch cannot compile on this machine, or None: a small function is tried."""
    import torch

    def doubled(values: torch.Tensor) -> torch.Tensor:
        return values.sin() * 2

    try:
        with torch._dynamo.config.patch(suppress_errors=False):
            torch.compile(doubled)(torch.ones(16, device=device))
    except (RuntimeError, ImportError, OSError, subprocess.SubprocessError) as error:
        first = str(error).strip().split("\n", 1)[0]
        return (
            "PyTorch cannot compile on this machine, for which a CPU needs a C++ compiler and "
            f"Python's headers (Debian: g++ and python3-dev): {first}"
        )
    return None


def _compiled_graphs() -> int:
    import torch

    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])
