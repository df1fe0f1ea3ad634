"""What bounds the speed of training adapters here: its largest products at this machine's speed.

Forward, and backward to the inputs, each weight of a frozen matrix costs a token one multiplication
and one addition each way: four operations (Kaplan et al. 2020, section 2.1, less the gradient of
the weights, which a frozen matrix does not need). Attention's own products, norms, adapters and the
optimizer are left out, so no training of these tokens can be faster than the bound.
"""

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from tasks.finetune.training.targets import linear_layers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

OPERATIONS_A_WEIGHT = 4
PASSES = 20


@dataclass(frozen=True)
class Bound:
    """The most tokens a second, and what it is made of.

    Attributes:
        operations_a_token: of the frozen matrices, forward and backward.
        operations_a_second: of one bare product of a batch and the model's largest inner matrix,
            the fastest of `passes`; `typical` is the median.
        typical: see above.
        passes: how many were timed.
    """

    operations_a_token: float
    operations_a_second: float
    typical: float
    passes: int

    @property
    def tokens_a_second(self) -> float:
        """At most."""
        return self.operations_a_second / self.operations_a_token

    def facts(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self) | {"tokens_a_second": self.tokens_a_second}


def bound(model: "PreTrainedModel", learned_share: float, batch_tokens: int) -> Bound:
    """The bound for a model on this machine, in the model's own type and on its device.

    Args:
        learned_share: of the tokens, those that the loss is on. Only they need the layer that
            gives the logits.
        batch_tokens: of a batch, which is what a product is made over.
    """
    inner, output = linear_layers(model)
    weights = sum(layer.weight.numel() for layer in inner)
    weights += learned_share * sum(layer.weight.numel() for layer in output)
    seconds = _product_seconds(max(inner, key=lambda layer: layer.weight.numel()), batch_tokens)
    largest = max(layer.weight.numel() for layer in inner)
    speeds = [2 * batch_tokens * largest / each for each in seconds]
    return Bound(OPERATIONS_A_WEIGHT * weights, max(speeds), median(speeds), len(speeds))


def _product_seconds(layer: "torch.nn.Module", rows: int) -> list[float]:
    import torch

    weight = layer.weight
    batch = torch.randn(rows, weight.shape[1], device=weight.device).to(weight.dtype)
    seconds = []
    with torch.inference_mode():
        for _ in range(PASSES + 1):
            begin = time.perf_counter()
            product = batch @ weight.T
            float(product[0, 0])  # waits for a GPU
            seconds.append(time.perf_counter() - begin)
    return seconds[1:]
