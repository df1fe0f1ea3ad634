"""The tuned model as one set of weights, in memory only."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.finetune.language_model.load import load_model

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def load_merged(
    folder: Path,
    adapter: Path | None = None,
    dtype: "torch.dtype | None" = None,
    device: str = "cpu",
) -> "PreTrainedModel":
    """The model of a folder with its adapter, if any, added into the weights.

    Added in float32 and rounded once afterwards: a sum in bfloat16 loses small changes.

    Args:
        dtype: of the result; None is float32.

    Raises:
        BadInput: as `language_model.load.load_model`.
    """
    import torch

    model = load_model(folder, torch.float32, adapter, device)
    if adapter is not None:
        model = model.merge_and_unload()
    return model.to(dtype or torch.float32).eval()
