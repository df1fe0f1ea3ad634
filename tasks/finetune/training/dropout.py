"""Dropout whose random numbers cost a CPU a quarter of PyTorch's.

PyTorch draws one number an element on one core, which took an eighth of a training's time. Here
one draw of 64 bits serves four elements, 16 bits each: the probability is right to 1/65,536. The
draws are an operation of their own also in compiled layers, where what the compiler makes of
`nn.Dropout`, a counter-based number an element, cost as much as compiling saved (docs/log.md).
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from peft import PeftModel

LEVELS = 2**16
_LOWEST = -(2**15)  # of 16 bits that are read as a number with a sign
_ELEMENTS_A_DRAW = 4


@torch.library.custom_op(
    "finetune::dropped", mutates_args=(), tags=torch.Tag.nondeterministic_seeded
)
def dropped(values: torch.Tensor, p: float, number: int) -> torch.Tensor:
    """A bool tensor like `values` on the CPU, each element true with probability `p`.

    Args:
        number: another for each call on the same values. When layers are compiled, calls with the
            same arguments become one, and queries, keys and values would share what they drop.
    """
    draws = -(-values.numel() // _ELEMENTS_A_DRAW)
    bits = torch.empty(draws, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
    return (bits[: values.numel()] < _LOWEST + round(p * LEVELS)).view(values.shape)


@dropped.register_fake
def _(values: torch.Tensor, p: float, number: int) -> torch.Tensor:
    return values.new_empty(values.shape, dtype=torch.bool)


class SixteenBitDropout(nn.Module):
    """Drops elements with probability `p` while training, and scales the others by 1 / (1 - p), as
    `nn.Dropout` does; draws from PyTorch's own generator, so that a seed decides and a checkpoint
    resumes."""

    def __init__(self, p: float, number: int = 0) -> None:
        """
        Args:
            p: probability that an element is dropped.
            number: another for each layer that may get the same values.
        """
        super().__init__()
        self.p = round(p * LEVELS) / LEVELS
        self.number = number

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values of any shape, on the CPU."""
        if not self.training or not self.p:
            return values
        mask = dropped(values, self.p, self.number)
        return values.masked_fill(mask, 0) * (1 / (1 - self.p))


def lighten_dropout(model: "PeftModel") -> int:
    """Put `SixteenBitDropout` in the place of the adapter's dropout; returns how many there are."""
    found = 0
    numbers: dict[str, int] = {}  # by the last name, so that repeated layers share compiled code
    for path, module in model.named_modules():
        held = getattr(module, "lora_dropout", None)
        if isinstance(held, nn.ModuleDict):
            for name, one in held.items():
                if type(one) is nn.Dropout:
                    number = numbers.setdefault(path.rsplit(".", 1)[-1], len(numbers))
                    held[name] = SixteenBitDropout(one.p, number)
                    found += 1
    return found
