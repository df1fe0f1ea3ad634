"""Checkpoints that a killed training goes on from: whole ones of the same training only."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.files import write_json

if TYPE_CHECKING:
    from datasets import Dataset

FOLDER = "checkpoints"
WHOLE = "whole.json"
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
    return _read(folder / _IDENTITY)


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
        if spent_until(path):
            whole[int(path.name.rsplit("-", 1)[-1])] = path
        else:
            shutil.rmtree(path)
    return whole[max(whole)] if whole else None


def mark_whole(checkpoint: Path, spent: dict[str, float]) -> None:
    """Say that all of a checkpoint is written, and what was spent until then (`Spent.mark`)."""
    write_json(checkpoint / WHOLE, spent)


def spent_until(checkpoint: Path) -> dict[str, float]:
    """What the mark of a whole checkpoint says; empty where there is no mark that can be read."""
    return _read(checkpoint / WHOLE)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
