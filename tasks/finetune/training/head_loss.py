"""Cross entropy from hidden states through a frozen output layer, some tokens at a time.

The logits of a few hundred tokens over 49,152 words are a hundred megabytes, which autograd keeps,
reads and writes several times. The output layer is frozen, so the gradient of the hidden states is
all that is needed, and it can be had while the logits of a few tokens are in the cache (as in Hsu
et al. 2024, Liger Kernel). Values and gradients are those of `F.cross_entropy`, to rounding.
"""

from typing import Any

import torch

TOKENS_AT_ONCE = 128
# In a model's configuration, these change logits after the output layer.
_CHANGES_LOGITS = ("final_logit_softcapping", "logits_scaling", "logit_scale")


def is_plain_head(model: torch.nn.Module) -> bool:
    """Whether a causal language model's logits are a frozen linear layer's output, unchanged."""
    head = model.get_output_embeddings()
    config = model.config.get_text_config()
    return (
        type(head) is torch.nn.Linear
        and head.bias is None
        and not head.weight.requires_grad
        and not any(getattr(config, name, None) for name in _CHANGES_LOGITS)
    )


def head_loss(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Sum of the negative log-likelihoods.

    Args:
        hidden: of the tokens before the targets (tokens x width).
        weight: of the output layer (vocabulary x width), frozen.
        targets: token ids (tokens).
    """
    return _HeadLoss.apply(hidden, weight, targets)


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        needs_gradient = ctx.needs_input_grad[0]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden) if needs_gradient else None
        for start in range(0, len(hidden), TOKENS_AT_ONCE):
            part = slice(start, start + TOKENS_AT_ONCE)
            logits = (hidden[part] @ weight.T).float()
            wanted = targets[part, None]
            of_wanted = logits.gather(1, wanted)[:, 0]
            largest, place = logits.max(dim=1)
            shares = torch.softmax(logits, dim=1)
            # The largest share cannot underflow, so the normaliser is taken from it.
            normaliser = largest - shares.gather(1, place[:, None])[:, 0].log()
            total += (normaliser - of_wanted).sum()
            if gradient is not None:
                shares.scatter_add_(1, wanted, -torch.ones_like(shares[:, :1]))
                gradient[part] = shares.to(weight.dtype) @ weight
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, of_total: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * of_total.to(gradient.dtype), None, None
