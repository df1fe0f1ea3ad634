"""What a look at the model and the settings can tell, before an hour is spent on them."""

import json
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.language_model.folder_checks import CONFIG
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.locate import find_locally
from tasks.finetune.language_model.prompts import format_prompt

_QUESTION = {"instruction": "Why is the disk full?", "input": ""}


def check_model(name: str, revision: str | None, max_new_tokens: int) -> None:
    """Refuse a model that cannot be used, where it is on this machine as a folder.

    What only the hub has, or a GGUF file holds, is checked when it has been fetched and unpacked.

    Raises:
        BadInput: there is no whole small causal model; its tokenizer or chat template cannot be
            used; or an answer of so many tokens does not fit into its window.
    """
    found = find_locally(name, revision)
    if found is None or found.path.is_file():
        return
    format_prompt(_QUESTION, load_tokenizer(found.path))
    window = window_of(found.path)
    if window is not None and max_new_tokens >= window:
        raise BadInput(
            f"max_new_tokens is {max_new_tokens}, but {name} sees {window} tokens at once, the "
            "question included: lower it, or choose another model"
        )


def window_of(folder: Path) -> int | None:
    """Tokens that a model was made to see at once, where its folder says so."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return config.get("max_position_embeddings") or config.get("n_positions")
