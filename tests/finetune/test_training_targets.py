"""Layers for the adapter are found in models that name them differently."""

# ruff: noqa: E402

import pytest

from tasks import torchvision_repair

torchvision_repair.repair()  # before transformers

from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    PhiConfig,
)

from tasks.errors import BadInput
from tasks.finetune.language_model.layers import decoder_layers
from tasks.finetune.training.targets import find_targets

SMALL = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
MODELS = {
    "llama": LlamaConfig(**SMALL, intermediate_size=48),
    "phi": PhiConfig(**SMALL, intermediate_size=48),
    "neox": GPTNeoXConfig(**SMALL, intermediate_size=48),
    "gpt2": GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=2),
}
ATTENTION = {
    "llama": {"q_proj", "k_proj", "v_proj", "o_proj"},
    "phi": {"q_proj", "k_proj", "v_proj", "dense"},
    "neox": {"query_key_value", "dense"},
    "gpt2": {"c_attn", "attn.c_proj"},
}
REST = {
    "llama": {"gate_proj", "up_proj", "down_proj"},
    "phi": {"fc1", "fc2"},
    "neox": {"dense_h_to_4h", "dense_4h_to_h"},
    "gpt2": {"c_fc"},
}


@pytest.mark.parametrize("name", MODELS)
def test_attention_is_told_by_the_names(name):
    model = AutoModelForCausalLM.from_config(MODELS[name])
    assert set(find_targets(model, "auto")) == ATTENTION[name]


@pytest.mark.parametrize("name", MODELS)
def test_adapters_are_where_they_should_be_and_never_on_the_output(name):
    model = AutoModelForCausalLM.from_config(MODELS[name])
    config = LoraConfig(target_modules=find_targets(model, "attention"), task_type="CAUSAL_LM")
    modules = get_peft_model(model, config).named_modules()
    adapted = [path for path, _ in modules if "lora_A" in path]
    assert adapted
    assert all("attn" in path or "attention" in path for path in adapted)


@pytest.mark.parametrize("name", MODELS)
def test_all_linear_leaves_out_the_output_only(name):
    model = AutoModelForCausalLM.from_config(MODELS[name])
    found = set(find_targets(model, "all-linear"))
    assert REST[name] < found
    assert not found & {"lm_head", "embed_out"}


def test_a_model_without_attention_by_name_is_refused_or_taken_whole():
    model = AutoModelForCausalLM.from_config(MODELS["llama"])
    for layer in model.model.layers:
        layer.mixer = layer.self_attn
        del layer.self_attn
    with pytest.raises(BadInput, match="set targets to all-linear"):
        find_targets(model, "attention")
    assert "gate_proj" in find_targets(model, "auto")


@pytest.mark.parametrize("name", MODELS)
def test_the_repeated_layers_are_found(name):
    assert len(decoder_layers(AutoModelForCausalLM.from_config(MODELS[name]))) == 2
