"""Models built in other ways convert as Llama's does, and say the same as in transformers."""

from pathlib import Path

import pytest
from tiny_model import make_tiny_tokenizer

from tasks import torchvision_repair
from tasks.finetune.generation.choose import choose
from tasks.finetune.language_model.prompts import format_example

pytestmark = pytest.mark.slow
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.mark.parametrize("architecture", ["gpt2", "qwen2", "phi"])
def test_it_converts_and_agrees(architecture: str, tmp_path: Path):
    pytest.importorskip("openvino_genai")
    torchvision_repair.repair()
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = make_tiny_tokenizer()
    # Large weights and a head of its own: else it repeats one token, which no engine gets wrong.
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(tokenizer),
        initializer_range=0.3,
        tie_word_embeddings=False,
        **SIZES,
    )
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    asked = ("disk full ?", "How do I reset a password ?")
    rows = [{"instruction": text, "input": "", "output": "Restart it ."} for text in asked]
    examples = [format_example(row, tokenizer) for row in rows]
    chosen = choose(tmp_path, [None], examples)
    try:
        assert chosen.kind == "openvino", chosen.reason
        assert chosen.agreements[0]["fault"] is None
    finally:
        chosen.close()
