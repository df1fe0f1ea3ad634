"""The losses of a training from what the trainer logged."""

from collections.abc import Iterable, Mapping
from typing import Any

_KEPT = ("step", "loss", "eval_loss", "learning_rate")


def loss_facts(logged: Iterable[Mapping[str, Any]], planned_steps: int) -> dict[str, Any]:
    """History, last and best losses.

    Args:
        logged: dictionaries with step and loss, or step and eval_loss.
        planned_steps: of a training that is not stopped early.

    Returns:
        history; train_loss and eval_loss (the last logged, None where there is none);
        best_eval_loss and best_step; train_loss_at_best (the last logged up to the best step);
        stopped_early.
    """
    history = [
        {key: entry[key] for key in _KEPT if key in entry}
        for entry in logged
        if "loss" in entry or "eval_loss" in entry
    ]
    losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    evaluated = [(entry["step"], entry["eval_loss"]) for entry in history if "eval_loss" in entry]
    best = min(evaluated, key=lambda pair: pair[1], default=(None, None))
    until_best = [loss for step, loss in losses if best[0] is not None and step <= best[0]]
    last_step = max((entry["step"] for entry in history), default=0)
    return {
        "history": history,
        "train_loss": losses[-1][1] if losses else None,
        "eval_loss": evaluated[-1][1] if evaluated else None,
        "best_eval_loss": best[1],
        "best_step": best[0],
        "train_loss_at_best": until_best[-1] if until_best else None,
        "stopped_early": last_step < planned_steps,
    }
