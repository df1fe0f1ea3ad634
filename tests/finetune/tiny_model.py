"""A language model of two layers, made on the spot: for tests that need a real one, quickly."""

from pathlib import Path

TEXT = (
    "The disk of the server is full , so delete old logs and check again with the command df . "
    "Why does my printer not answer ? Restart the service , then print a page to test it . "
    "How do I reset a password ? Open the console , choose the user and set a new one . "
    "user assistant system You are a helper named Tiny . ### Instruction : Input Response "
    "network address port error code file folder time zone backup update kernel driver memory "
)
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tiny_model(folder: Path, template: str | None = TEMPLATE, seed: int = 1) -> Path:
    """Save a Llama of two layers and a BPE tokenizer of about 600 tokens; returns the folder.

    Args:
        template: chat template; None leaves it out.
    """
    from tasks import torchvision_repair

    torchvision_repair.repair()
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tiny_tokenizer(template)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_tiny_tokenizer(template: str | None = TEMPLATE):
    """A byte-level BPE tokenizer trained on `TEXT`, with tokens to begin, end and pad."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
    words = TEXT.split()
    pairs = [f"{first} {second}" for first in words for second in words[::7]]
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        pairs, vocab_size=600, min_frequency=1, special_tokens=special, show_progress=False
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,
        bos_token="<|im_start|>",  # noqa: S106
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|pad|>",  # noqa: S106
        unk_token="<|endoftext|>",  # noqa: S106
        model_max_length=512,
    )
    tokenizer.chat_template = template
    return tokenizer
