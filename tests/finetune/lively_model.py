"""A tiny model whose greedy answers differ from prompt to prompt and from token to token."""

from pathlib import Path

from tiny_model import make_tiny_model


def make_lively_model(folder: Path, seed: int = 3) -> Path:
    """Save the tiny model with large random weights and a head of its own; returns the folder.

    Small tied weights repeat the last token for ever, which any engine gets right.
    """
    make_tiny_model(folder, seed=seed)
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    torch.manual_seed(seed)
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight) * 0.3)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "proj" in name:
                weights.mul_(8)
            elif "embed" in name:
                weights.mul_(50)
    model.save_pretrained(folder)
    return folder
