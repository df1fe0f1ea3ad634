"""The layers of a causal language model, found by looking at it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


def linear_layers(
    model: "PreTrainedModel",
) -> "tuple[list[nn.Module], list[nn.Module]]":
    """The linear layers, and apart from them the one that gives the logits."""
    output = model.get_output_embeddings()
    layers = [model.get_submodule(path) for path in linear_paths(model, with_output=True)]
    return (
        [layer for layer in layers if layer is not output],
        [layer for layer in layers if layer is output],
    )


def linear_paths(model: "PreTrainedModel", with_output: bool = False) -> list[str]:
    """Where the linear layers are in the model, with or without the one that gives the logits."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    output = model.get_output_embeddings()
    return [
        path
        for path, module in model.named_modules()
        if isinstance(module, (nn.Linear, Conv1D)) and (with_output or module is not output)
    ]


def decoder_layers(model: "nn.Module") -> "list[nn.Module]":
    """The repeated layers of a decoder: the members of its longest module list."""
    from torch import nn

    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    return list(max(lists, key=len)) if lists else []
