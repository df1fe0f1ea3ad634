"""The model with a fresh adapter, ready to be trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import BadInput
from tasks.finetune.language_model.load import load_model
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.targets import find_targets

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


def with_adapter(
    folder: Path, settings: TrainingSettings, dtype: "torch.dtype", device: str
) -> "tuple[PeftModel, list[str]]":
    """The model of a folder with an adapter drawn from the seed, and the layers that it is on.

    The model's weights are frozen in `dtype`; the adapter's are float32, because its updates are
    smaller than bfloat16 can add.

    Raises:
        BadInput: 4-bit was asked for and cannot be had, or no layer can take an adapter.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    from tasks.finetune.training.dropout import lighten_dropout  # which loads torch

    if settings.quantize == "4bit":
        model = _quantized(folder, device)
    else:
        model = load_model(folder, dtype, device=device)
    targets = find_targets(model, settings.targets)
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        bias="none",
        target_modules=targets,
        fan_in_fan_out=_is_fan_in_fan_out(model),
        task_type="CAUSAL_LM",
    )
    set_seed(settings.seed)  # before the adapter's weights are drawn
    adapted = get_peft_model(model, config)
    if device == "cpu":  # a GPU draws fast
        lighten_dropout(adapted)
    return adapted, targets


def parameter_counts(model: "PeftModel") -> tuple[int, int]:
    """Trainable parameters, and all, the adapter's included."""
    return model.get_nb_trainable_parameters()


def _is_fan_in_fan_out(model: "PreTrainedModel") -> bool:
    """Whether the layers hold their weights transposed, as GPT-2's do."""
    from transformers.pytorch_utils import Conv1D

    return any(isinstance(module, Conv1D) for module in model.modules())


def refuse_four_bit(device: str) -> None:
    """Raise BadInput where weights cannot be held in 4 bits."""
    import importlib.util

    if not device.startswith("cuda"):
        raise BadInput("quantize 4bit needs a GPU, and there is none: set quantize to none")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BadInput("quantize 4bit needs the package bitsandbytes: install it, or set none")


def _quantized(folder: Path, device: str) -> "PreTrainedModel":
    """The model in 4-bit NormalFloat (Dettmers et al. 2023, QLoRA)."""
    import torch

    refuse_four_bit(device)
    from peft import prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    four_bit = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=four_bit, local_files_only=True, use_safetensors=True
    )
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
