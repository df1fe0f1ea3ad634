"""What bounds the speed of a language model here: its largest products at this machine's speed.

Each weight of a matrix costs a token one multiplication and one addition, in backward as many for
the gradient of the inputs (Kaplan et al. 2020, section 2.1; a frozen matrix needs none of its
weights). Attention's own products, norms, adapters and the optimizer are left out, so nothing can
be faster than the bound.
"""

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from tasks.finetune.language_model.layers import linear_layers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

FORWARD = 2  # operations on a weight for a token
FORWARD_AND_BACKWARD = 4
PASSES = 20


@dataclass(frozen=True)
class Bound:
    """The most tokens a second, and what it is made of.

    Attributes:
        operations_a_token: of the matrices.
        operations_a_second: of one bare product with the model's largest inner matrix,
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


def bound(model: "PreTrainedModel", *, inner: float, output: float, rows: int) -> Bound:
    """The bound for a model on this machine, in the model's own type and on its device.

    Args:
        inner: operations on each weight of the inner matrices for each token that counts.
        output: the same for the layer that gives the logits.
        rows: tokens in one product.
    """
    layers, outputs = linear_layers(model)
    operations = inner * sum(layer.weight.numel() for layer in layers)
    operations += output * sum(layer.weight.numel() for layer in outputs)
    largest = max(layers, key=lambda layer: layer.weight.numel())
    seconds = _product_seconds(largest, rows)
    speeds = [2 * rows * largest.weight.numel() / each for each in seconds]
    return Bound(operations, max(speeds), median(speeds), len(speeds))


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
