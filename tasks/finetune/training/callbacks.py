"""What happens beside the steps: progress, the last evaluation, saving the best, and the end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import (
    EarlyStoppingCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from tasks.finetune.training.checkpoints import mark_whole
from tasks.finetune.training.spent import Spent

# Step, steps in all, and what was logged: loss and learning_rate, or eval_loss, or nothing.
OnLog = Callable[[int, int, dict[str, float]], None]
_TOLD = ("loss", "learning_rate", "eval_loss")


class Progress(TrainerCallback):
    """Tells the caller each step and each logged figure, and times the steps."""

    def __init__(self, tell: OnLog | None, spent: Spent) -> None:
        self.tell = tell
        self.spent = spent
        self._began = 0.0

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, *_: Any, **__: Any):
        """Start the clock."""
        self._began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, *_: Any, **__: Any):
        """Stop the clock."""
        self.spent.step_seconds += time.perf_counter() - self._began
        if self.tell is not None:
            self.tell(state.global_step, state.max_steps, {})

    def on_log(self, args: TrainingArguments, state: TrainerState, *_: Any, logs=None, **__: Any):
        """Pass on what was logged."""
        told = {name: float(logs[name]) for name in _TOLD if name in (logs or {})}
        if self.tell is not None and told:
            self.tell(state.global_step, state.max_steps, told)


class StopEarly(EarlyStoppingCallback):
    """Early stopping that holds for a training that goes on from a checkpoint of its end too.

    The trainer forgets, as it begins, that the training was to stop, and would train on.
    """

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ):
        """Ask for the end where the checkpoint is the last that there was to be."""
        super().on_train_begin(args, state, control)
        stopped = self.early_stopping_patience_counter >= self.early_stopping_patience
        if stopped or state.global_step >= state.max_steps:
            control.should_training_stop = True


class KeepTheBest(TrainerCallback):
    """Evaluates after the last step, and saves at every new best evaluation.

    Without the second, the best step would be lost where it falls between two checkpoints.
    """

    def __init__(self, spent: Spent) -> None:
        self.spent = spent

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ):
        """Ask for an evaluation after the last step."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **_: Any,
    ):
        """Ask for a checkpoint where the loss is the best so far."""
        if state.best_metric is None or metrics["eval_loss"] < state.best_metric:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ):
        """Say that the checkpoint is whole, and what it took until here."""
        mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}", self.spent.mark())
