"""A transformers causal language model as a stateful OpenVINO model.

One step of the model is traced with its cache as inputs and outputs; OpenVINO then keeps the cache
as the model's state, which is the form that OpenVINO GenAI serves with continuous batching. This
needs no list of architectures: whatever puts keys and values of every earlier token into a
`DynamicCache`, and positions into `position_ids`, converts.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tasks import openvino_offline  # noqa: F401 — before openvino

if TYPE_CHECKING:
    import openvino as ov
    from transformers import PretrainedConfig, PreTrainedModel

_ATTENTION = "openvino_trace"  # the name under which transformers knows `_attend`
_BLOCKED = -65504.0  # the least that half precision holds: no share of the attention is left


class NotConvertible(Exception):
    """This model cannot be run by OpenVINO; the message says why."""


def convert(model: "PreTrainedModel", folder: Path) -> Path:
    """Write openvino_model.xml and .bin (weights in single precision) and the model's config.

    Args:
        model: in float32 on the CPU; its way to attend is changed while it is traced.

    Returns:
        The .xml file.

    Raises:
        NotConvertible: the model's layers keep no plain cache, or an operation is not known.
    """
    import openvino as ov

    heads, size = _cache_shape(model.config.get_text_config())
    traced = _traced(model, heads, size)
    pairs = _named(traced, heads, size)
    _made_stateful(traced, pairs, heads, size)
    file = folder / "openvino_model.xml"
    # Weights that were stored in half precision keep OpenVINO from its faster products (MLAS).
    ov.save_model(traced, file, compress_to_fp16=False)
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    return file


def _cache_shape(config: "PretrainedConfig") -> tuple[int, int]:
    """Heads and their size in the cache.

    Raises:
        NotConvertible: layers that see only a part of the text, or keep something else.
    """
    kinds = set(getattr(config, "layer_types", None) or [])
    if kinds - {"full_attention"}:
        raise NotConvertible(f"its layers are of the kinds {', '.join(sorted(kinds))}")
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        raise NotConvertible("its layers have a sliding window")
    if getattr(config, "is_encoder_decoder", False):
        raise NotConvertible("it has an encoder")
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return heads, size


def _traced(model: "PreTrainedModel", heads: int, size: int) -> "ov.Model":
    """One step as an OpenVINO model: ids, mask, positions and cache to logits and cache."""
    import openvino as ov
    import torch
    from transformers import AttentionInterface

    AttentionInterface.register(_ATTENTION, _attend)
    before = model.config._attn_implementation
    # Two sequences of three cached and four new tokens: no length is 1, which tracing would keep.
    earlier = torch.zeros(2, heads, 3, size)
    example = {
        "input_ids": torch.ones(2, 4, dtype=torch.long),
        "attention_mask": torch.ones(2, 7, dtype=torch.long),
        "position_ids": torch.arange(3, 7)[None].repeat(2, 1),
        "past": [(earlier, earlier.clone()) for _ in range(model.config.num_hidden_layers)],
    }
    try:
        model.set_attn_implementation(_ATTENTION)
        with torch.no_grad(), _quiet():
            return ov.convert_model(_step(model), example_input=example)
    # Whatever a model's own code does when it is traced: it says that this model is not for us.
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotConvertible(f"tracing it failed ({reason})") from error
    finally:
        model.set_attn_implementation(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what tracing says to developers of models, such as that a shape became a number."""
    from transformers.utils import logging as of_transformers

    before = of_transformers.get_verbosity()
    of_transformers.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        of_transformers.set_verbosity(before)


def _step(model: "PreTrainedModel"):
    """The model as a module whose cache goes in and out as tensors."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, position_ids, past):
            cache = DynamicCache()
            for keys, values in past:
                # By hand, because an empty tensor that the cache begins with is not converted.
                layer = DynamicLayer()
                layer.keys, layer.values, layer.is_initialized = keys, values, True
                layer.dtype, layer.device = keys.dtype, keys.device
                cache.layers.append(layer)
            logits = self.model(
                input_ids=input_ids,
                attention_mask=_causal(input_ids, attention_mask),
                position_ids=position_ids,
                past_key_values=cache,
                use_cache=True,
            ).logits
            kept = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
            return (logits, *kept)

    return Step()


def _causal(input_ids, attention_mask):
    """What is added to attention scores: batch x 1 x new x all tokens, 0 or `_BLOCKED`."""
    import torch

    new, every = input_ids.shape[1], attention_mask.shape[1]
    last_seen = torch.arange(new) + (every - new)
    seen = torch.arange(every)[None, :] <= last_seen[:, None]
    seen = seen[None, None] & (attention_mask[:, None, None, :] > 0)
    return torch.logical_not(seen).float() * _BLOCKED


def _attend(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **_):
    """Attention as the one operation that OpenVINO replaces by its paged attention.

    Shapes: batch x heads x tokens x size; keys and values are repeated for grouped queries.
    """
    import torch

    # Not from the shapes: a traced shape is no number, and comparing it warns.
    groups = getattr(module, "num_key_value_groups", 1)
    if groups > 1:
        key, value = _repeated(key, groups), _repeated(value, groups)
    attended = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=scaling
    )
    return attended.transpose(1, 2).contiguous(), None


def _repeated(heads, groups: int):
    batch, count, tokens, size = heads.shape
    repeated = heads[:, :, None].expand(batch, count, groups, tokens, size)
    return repeated.reshape(batch, count * groups, tokens, size)


def _named(model: "ov.Model", heads: int, size: int) -> dict[str, str]:
    """Give inputs and outputs the names that GenAI looks for; returns past to present."""
    import openvino as ov

    pairs = {}
    texts = ["input_ids", "attention_mask", "position_ids"]
    if len(model.inputs) != len(model.outputs) + 2:
        raise NotConvertible("a part of its cache or its positions fell away when it was traced")
    for place, port in enumerate(model.inputs):
        layer, part = divmod(place - 3, 2)
        name = texts[place] if place < 3 else f"past_key_values.{layer}.{('key', 'value')[part]}"
        shape = [-1, -1] if place < 3 else [-1, heads, -1, size]
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
        port.get_node().set_partial_shape(ov.PartialShape(shape))
        if place >= 3:
            present = name.replace("past_key_values", "present")
            model.outputs[place - 2].get_tensor().set_names({present})
            pairs[name] = present
    model.outputs[0].get_tensor().set_names({"logits"})
    model.validate_nodes_and_infer_types()
    return pairs


def _made_stateful(model: "ov.Model", pairs: dict[str, str], heads: int, size: int) -> None:
    """Turn the cache into state that starts empty and is reordered by a new input, beam_idx."""
    from openvino import opset13 as ops
    from openvino._offline_transformations import apply_make_stateful_transformation

    order = ops.parameter([-1], dtype=np.int32, name="beam_idx")
    order.output(0).get_tensor().add_names({"beam_idx"})
    model.add_parameters([order])
    for name in pairs:
        past = model.input(name)
        readers = past.get_target_inputs()
        reordered = ops.gather(past, order, ops.constant(np.int64(0)))
        for reader in readers:
            reader.replace_source_output(reordered.output(0))
    model.validate_nodes_and_infer_types()
    apply_make_stateful_transformation(model, pairs)

    shape = ops.shape_of(model.input("input_ids"), output_type="i64")
    batch = ops.gather(shape, ops.constant([0]), ops.constant(0))
    rest = ops.constant(np.array([heads, 0, size], dtype=np.int64))
    for state in model.get_ops():
        if state.get_type_name() == "ReadValue":
            empty = ops.broadcast(ops.constant(np.float32(0)), ops.concat([batch, rest], 0))
            state.set_arguments([empty])
    model.validate_nodes_and_infer_types()
