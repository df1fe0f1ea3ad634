"""The picture of the losses."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing

TRAIN_COLOR, EVAL_COLOR, BEST_COLOR = "#4c78a8", "#c44e52", "#2f6f4f"


def loss_curves(path: Path, facts: dict[str, Any]) -> None:
    """Training and validation loss by step, with the best checkpoint as a dashed line.

    Args:
        path: of the PNG.
        facts: of `train`: history, best_step and best_eval_loss.
    """
    history = facts["history"]
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        for name, label, color, mark in (
            ("loss", "training", TRAIN_COLOR, ""),
            ("eval_loss", "validation", EVAL_COLOR, "o"),
        ):
            points = [(entry["step"], entry[name]) for entry in history if name in entry]
            if points:
                axes.plot(*zip(*points, strict=True), color=color, label=label, marker=mark)
        if facts["best_step"] is not None:
            axes.axvline(
                facts["best_step"],
                color=BEST_COLOR,
                linestyle="--",
                label=f"best: step {facts['best_step']}, {facts['best_eval_loss']:.3f}",
            )
        if facts["stopped_early"]:
            axes.set_title("Losses (stopped early)")
        else:
            axes.set_title("Losses")
        axes.set(xlabel="optimizer step", ylabel="negative log-likelihood of a token")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")
