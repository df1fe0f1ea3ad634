"""Dropout whose random numbers cost a CPU a quarter of PyTorch's.

PyTorch draws one number an element on one core, which took an eighth of a training's time. Here
one draw of 64 bits serves four elements, 16 bits each: the probability is right to 1/65,536. The
draws are an operation of their own also in compiled layers, where what the compiler makes of
`nn.Dropout`, a counter-based number an element, took a fifth of a step.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from peft import PeftModel

LEVELS = 2**16
_LOWEST = -(2**15)  # of 16 bits that are read as a number with a sign
_ELEMENTS_A_DRAW = 4


# It writes where it is told to: two operations that return the same thing of the same arguments
# become one when layers are compiled, and queries, keys and values would share what they drop.
@torch.library.custom_op("finetune::draw_dropped", mutates_args=("dropped",))
def draw_dropped(dropped: torch.Tensor, p: float) -> None:
    """Set each element of a bool tensor on the CPU to true with probability `p`."""
    draws = -(-dropped.numel() // _ELEMENTS_A_DRAW)
    bits = torch.empty(draws, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
    torch.lt(bits[: dropped.numel()], _LOWEST + round(p * LEVELS), out=dropped.view(-1))


class SixteenBitDropout(nn.Module):
    """Drops elements with probability `p` while training, and scales the others by 1 / (1 - p), as
    `nn.Dropout` does; draws from PyTorch's own generator, so that a seed decides and a checkpoint
    resumes."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = round(p * LEVELS) / LEVELS

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values of any shape, on the CPU."""
        if not self.training or not self.p:
            return values
        dropped = torch.empty(values.shape, dtype=torch.bool)
        draw_dropped(dropped, self.p)
        return values.masked_fill(dropped, 0) * (1 / (1 - self.p))


def lighten_dropout(model: "PeftModel") -> int:
    """Put `SixteenBitDropout` in the place of the adapter's dropout; returns how many there are."""
    found = 0
    for module in model.modules():
        held = getattr(module, "lora_dropout", None)
        if isinstance(held, nn.ModuleDict):
            for name, one in held.items():
                if type(one) is nn.Dropout:
                    held[name] = SixteenBitDropout(one.p)
                    found += 1
    return found
