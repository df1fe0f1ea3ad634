"""LoRA training: rows in, adapter and figures out."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import torchvision_repair
from tasks.finetune.language_model.load import (
    best_device,
    best_dtype,
    load_model,
    load_tokenizer,
    on_free_threads,
)
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.training import checkpoints
from tasks.finetune.training.adapter import parameter_counts, with_adapter
from tasks.finetune.training.compiling import compile_layers
from tasks.finetune.training.failures import explained
from tasks.finetune.training.history import loss_facts
from tasks.finetune.training.interpretation import interpret
from tasks.finetune.training.machine import forget_peak_memory, peak_memory_mb, processor
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.spent import Spent
from tasks.finetune.training.steps import Steps, scaled_steps
from tasks.finetune.training.tokenize import tokenized

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from peft import PeftModel
    from transformers import PreTrainedTokenizerFast

    from tasks.finetune.training.callbacks import OnLog
    from tasks.finetune.training.trainer import LeanTrainer

ADAPTER = "lora_adapter"
# Of the answer that shows that the adapter can be loaded again.
EXAMPLE_TOKENS = 100


def train(
    model_folder: Path,
    train_rows: Iterable[Mapping[str, str]],
    val_rows: Iterable[Mapping[str, str]],
    settings: TrainingSettings,
    folder: Path,
    on_log: "OnLog | None" = None,
    base_name: str | None = None,
) -> dict[str, Any]:
    """Train an adapter and write it, with the tokenizer, to folder/lora_adapter.

    The weights of the best evaluation are kept, never merged with the model's. A training that
    was killed goes on from its last checkpoint where rows, model and settings are the same; once
    the adapter is written, the checkpoints are removed.

    Args:
        model_folder: a plain folder, as `prepare` makes it.
        train_rows, val_rows: with instruction, input and output.
        folder: for the adapter and, meanwhile, the checkpoints.
        on_log: called with step, steps in all, and what was logged.
        base_name: the model's name for the adapter's own file; None is the folder's name.

    Returns:
        The facts of the training: settings, trainable, total, targets, examples, steps,
        epochs_done, best_step, losses and their history, stopped_early, resumed_from, seconds and
        tokens_per_second (of killed processes too, up to the checkpoint), peak_memory_mb,
        compiled, dtype, threads, device, cpu, interpretation, example.

    Raises:
        BadInput: a split is empty or nothing of it fits; the model takes no adapter.
        StageFailed: the loss is not a number; memory or disk has run out.
    """
    torchvision_repair.repair()
    import torch

    device = best_device()
    dtype = _dtype(settings, device, folder / checkpoints.FOLDER)
    validation = [dict(row) for row in val_rows]
    tokenizer = load_tokenizer(model_folder, "right")
    forget_peak_memory()
    spent = Spent()
    with on_free_threads():
        with explained(settings, folder):
            model, targets = with_adapter(model_folder, settings, dtype, device)
            max_length = _window(model, settings)
            learned, checked = examples_of(train_rows, validation, tokenizer, settings, max_length)
            datasets = (learned[0], checked[0].sort("length"))
            steps = scaled_steps(len(learned[0]), settings)
            compiled = compile_layers(
                model, settings.compile, int(learned[1]["tokens"] * settings.epochs), device
            )
            where = folder / checkpoints.FOLDER
            wanted = checkpoints.identity(
                settings.model_dump(), model_folder, list(datasets), dtype=str(dtype), device=device
            )
            resumed = checkpoints.last_whole(where, wanted)
            if resumed:
                spent.go_on_from(checkpoints.spent_until(resumed))
            trainer = make_trainer(
                model, tokenizer, datasets, settings, steps, where, on_log, device, spent
            )
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
            _write_adapter(trainer, tokenizer, folder / ADAPTER, base_name or model_folder.name)
        trainable, total = parameter_counts(model)
        facts = {
            "settings": settings.model_dump(),
            "trainable": trainable,
            "total": total,
            "targets": targets,
            "examples": {"train": learned[1], "val": checked[1]},
            "steps": trainer.state.global_step,
            "epochs_done": round(float(trainer.state.epoch or 0), 3),
            **loss_facts(trainer.state.log_history, steps.total),
            "resumed_from": int(resumed.name.rsplit("-", 1)[-1]) if resumed else 0,
            "seconds": round(spent.seconds, 1),
            "tokens_per_second": round(spent.tokens_per_second, 1),
            "peak_memory_mb": round(peak_memory_mb(device)),
            "compiled": compiled.facts(),
            "dtype": str(dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "device": device,
            "cpu": processor(device),
        }
        facts["interpretation"] = interpret(facts)
        del trainer, model
        facts["example"] = _answered(model_folder, folder / ADAPTER, tokenizer, validation, dtype)
    shutil.rmtree(folder / checkpoints.FOLDER)  # the adapter is there: nothing to go on from
    return facts


def _dtype(settings: TrainingSettings, device: str, folder: Path) -> "torch.dtype":
    """As the settings say; a training that goes on keeps the type that it began with."""
    import torch

    chosen = {"bf16": torch.bfloat16, "fp32": torch.float32}.get(settings.precision)
    begun = checkpoints.recorded(folder)
    goes_on = begun.get("settings") == settings.model_dump() and begun.get("device") == device
    if chosen is None and goes_on:
        chosen = getattr(torch, begun["dtype"].removeprefix("torch."))
    return chosen or best_dtype(device)


def _window(model: "PeftModel", settings: TrainingSettings) -> int:
    """max_length, or what the model was made for where that is less."""
    context = getattr(model.config, "max_position_embeddings", None) or settings.max_length
    return min(settings.max_length, context)


def examples_of(
    train_rows: Iterable[Mapping[str, str]],
    val_rows: Iterable[Mapping[str, str]],
    tokenizer: "PreTrainedTokenizerFast",
    settings: TrainingSettings,
    max_length: int,
) -> "tuple[tuple[Dataset, dict[str, Any]], tuple[Dataset, dict[str, Any]]]":
    """Examples and their figures, of training and of validation.

    Validation rows that are too long are cut whatever is done with those of training, so that
    trainings which differ in it are scored on the same rows. What their loss is counted on
    follows `loss_on`.

    Raises:
        BadInput: a split is empty or nothing of it fits.
    """
    learned, of_learned = tokenized(
        train_rows, tokenizer, max_length, settings.too_long, settings.loss_on, "train"
    )
    checked, of_checked = tokenized(
        val_rows, tokenizer, max_length, "truncate", settings.loss_on, "val"
    )
    return (learned, of_learned.facts()), (checked, of_checked.facts())


def make_trainer(
    model: "PeftModel",
    tokenizer: "PreTrainedTokenizerFast",
    datasets: "tuple[Dataset, Dataset]",
    settings: TrainingSettings,
    steps: Steps,
    folder: Path,
    on_log: "OnLog | None",
    device: str,
    spent: Spent | None = None,
) -> "LeanTrainer":
    """The trainer of a model with an adapter.

    Args:
        datasets: of training and validation, as `tokenized` makes them.
        folder: for checkpoints.
        spent: counts time and tokens; None counts them anew.
    """
    from transformers import PrinterCallback

    from tasks.finetune.training.callbacks import KeepTheBest, Progress, StopEarly
    from tasks.finetune.training.trainer import LeanTrainer

    spent = spent or Spent()
    trainer = LeanTrainer(
        model=model,
        args=_arguments(settings, steps, folder, device),
        train_dataset=datasets[0],
        eval_dataset=datasets[1],
        processing_class=tokenizer,
        callbacks=[
            Progress(on_log, spent),
            KeepTheBest(spent),
            StopEarly(settings.patience),
        ],
        spent=spent,
    )
    trainer.remove_callback(PrinterCallback)  # the caller shows what it is told
    return trainer


def _arguments(settings: TrainingSettings, steps: Steps, folder: Path, device: str) -> Any:
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.scheduler,
        warmup_steps=settings.warmup,  # below 1 it is a share
        weight_decay=settings.weight_decay,
        logging_steps=steps.logging,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # it would hide a loss that is no number
        eval_strategy="steps",
        eval_steps=steps.eval,
        save_strategy="steps",
        save_steps=steps.save,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        restore_callback_states_from_checkpoint=True,  # early stopping's count
        seed=settings.seed,
        use_cpu=device == "cpu",
        # The weights are in the type that they are computed in; nothing is converted on the way.
        bf16=False,
        activation_checkpointing=False,  # it computes everything twice to save memory we have
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
        report_to="none",
        disable_tqdm=True,
    )


def _write_adapter(
    trainer: "LeanTrainer", tokenizer: "PreTrainedTokenizerFast", folder: Path, base_name: str
) -> None:
    """Adapter and tokenizer in a folder that appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-adapter-", dir=folder.parent) as name:
        made = Path(name) / ADAPTER
        # Else the adapter would name a folder of this machine as its model.
        for config in trainer.model.peft_config.values():
            config.base_model_name_or_path = base_name
        trainer.model.save_pretrained(
            made,
            save_embedding_layers=False,  # else it asks the hub whether the vocabulary grew
        )
        (made / "README.md").unlink(missing_ok=True)  # peft's empty form of a model card
        tokenizer.save_pretrained(made)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def _answered(
    model_folder: Path,
    adapter: Path,
    tokenizer: "PreTrainedTokenizerFast",
    rows: list[dict[str, str]],
    dtype: "torch.dtype",
) -> dict[str, str]:
    """The first validation row's answer by the adapter as it is read from its folder."""
    import torch

    model = load_model(model_folder, dtype, adapter=adapter)
    prompt = torch.tensor([encode(format_prompt(rows[0], tokenizer), tokenizer)])
    with torch.inference_mode():
        tokens = model.generate(
            input_ids=prompt.to(model.device),
            attention_mask=torch.ones_like(prompt).to(model.device),
            max_new_tokens=EXAMPLE_TOKENS,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    return {
        "row_id": rows[0].get("row_id", ""),
        "instruction": rows[0]["instruction"],
        "reference": rows[0]["output"],
        "answer": tokenizer.decode(tokens[0, prompt.shape[1] :], skip_special_tokens=True),
    }
