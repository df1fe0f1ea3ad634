"""Whether a folder holds a whole causal language model of a size that we take."""

import json
from pathlib import Path

from tasks.errors import BadInput

MAX_PARAMETERS = 1_000_000_000
CONFIG, INDEX, TOKENIZER = "config.json", "model.safetensors.index.json", "tokenizer.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def check_folder(folder: Path) -> int:
    """Parameters of the model in a folder, counted without reading its weights.

    Raises:
        BadInput: there is no config.json, no tokenizer or no weights; weights are only pickled;
            a file of weights is missing or cut off; the model is no causal language model or has
            more than `MAX_PARAMETERS`.
    """
    if not (folder / CONFIG).is_file():
        raise BadInput(f"{folder} has no {CONFIG}: give a folder with a model")
    parameters = count_parameters(folder)
    refuse_over_limit(str(folder), parameters)
    if not (folder / TOKENIZER).is_file():
        raise BadInput(
            f"{folder} has no {TOKENIZER}: give a folder whose model has a fast tokenizer"
        )
    weights = _weight_files(folder)
    if not weights:
        _refuse_without_weights(folder)
    for path in weights:
        _check_whole(path)
    return parameters


def count_parameters(folder: Path) -> int:
    """Parameters of the model that config.json describes, tied ones once.

    Raises:
        BadInput: it describes no causal language model that transformers knows.
    """
    import torch

    from tasks import torchvision_repair

    torchvision_repair.repair()
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).split("\n")[0][:160]
        raise BadInput(
            f"{folder / CONFIG} describes no causal language model ({reason}): give another model"
        ) from None
    return sum(parameter.numel() for parameter in model.parameters())


def refuse_over_limit(name: str, parameters: int) -> None:
    """Raise BadInput where a model has more than `MAX_PARAMETERS`."""
    if parameters > MAX_PARAMETERS:
        raise BadInput(
            f"{name} has {parameters / 1e9:.2f} billion parameters: choose a model of at most "
            f"{MAX_PARAMETERS / 1e9:.0f} billion"
        )


def _weight_files(folder: Path) -> list[Path]:
    """The files of weights that the index names, or all safetensors."""
    index = folder / INDEX
    if not index.is_file():
        return sorted(folder.glob("*.safetensors"))
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise BadInput(f"{index} is no index of weights: fetch the model again") from None
    return sorted(folder / Path(name).name for name in names)


def _refuse_without_weights(folder: Path) -> None:
    if any(path for pattern in PICKLES for path in folder.glob(pattern)):
        raise BadInput(
            f"{folder} has its weights only as pickles, which can run code when they are read: "
            "give a model with safetensors"
        )
    raise BadInput(f"{folder} has no weights (*.safetensors): give a folder with a whole model")


def _check_whole(path: Path) -> None:
    """Raise BadInput where a file of weights is missing or shorter than its header says."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadInput(
            f"{path} is missing, as after an interrupted download: fetch the model again"
        )
    try:
        with safe_open(path, framework="pt") as weights:
            weights.keys()
    except (SafetensorError, OSError):
        raise BadInput(
            f"{path} is not whole, as after an interrupted download: fetch the model again"
        ) from None
