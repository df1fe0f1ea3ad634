"""Checkpoints that a killed training goes on from: whole ones of the same training only."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.files import write_json, write_text

if TYPE_CHECKING:
    from datasets import Dataset

FOLDER = "checkpoints"
WHOLE = "whole"
_IDENTITY = "training.json"


def identity(
    settings: dict[str, Any], model_folder: Path, datasets: "list[Dataset]", **further: Any
) -> dict[str, Any]:
    """What must be the same for a checkpoint to be of this training, as JSON takes it.

    Settings, weights (their size and time), every token and label of the examples, and versions.
    """
    from importlib.metadata import version

    digest = hashlib.sha256()
    for dataset in datasets:
        for example in dataset:
            digest.update(json.dumps([example["input_ids"], example["labels"]]).encode())
        digest.update(b"|")
    weights = sorted(model_folder.glob("*.safetensors"))
    return {
        "settings": settings,
        "weights": [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in weights],
        "examples": digest.hexdigest(),
        "versions": {name: version(name) for name in ("torch", "transformers", "trl", "peft")},
        **further,
    }


def recorded(folder: Path) -> dict[str, Any]:
    """The identity of the training that the checkpoints are of; empty where there is none."""
    try:
        return json.loads((folder / _IDENTITY).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def last_whole(folder: Path, wanted: dict[str, Any]) -> Path | None:
    """The last whole checkpoint of the training `wanted`, or None.

    Checkpoints of another training, and those that a kill left unfinished, are removed.
    """
    if recorded(folder) != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_json(folder / _IDENTITY, wanted)
        return None
    whole = {}
    for path in folder.glob("checkpoint-*"):
        if (path / WHOLE).is_file():
            whole[int(path.name.rsplit("-", 1)[-1])] = path
        else:
            shutil.rmtree(path)
    return whole[max(whole)] if whole else None


def mark_whole(checkpoint: Path) -> None:
    """Say that all of a checkpoint is written."""
    write_text(checkpoint / WHOLE, "")
