"""baseline_comparison.png: quality with intervals, and what an answer costs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tasks.finetune.understanding.picture import BASE_COLOR, TUNED_COLOR, panels
from tasks.finetune.understanding.prompting.compare import METRICS

PROMPT_COLOR = "#4c78a8"


def plot(path: Path, facts: Mapping[str, Any]) -> None:
    """Draw the picture of the facts of `compare.compare`."""
    rows = facts["rows"]
    with panels(path, 1, 3, (11, 3.4)) as axes:
        for place, (metric, title) in enumerate(METRICS.items()):
            _quality(axes[0, place], rows, metric, f"{title} (95 % interval, n = {facts['n']})")
        _tokens(axes[0, 2], rows)


def _quality(axes: Axes, rows: list[Mapping[str, Any]], metric: str, title: str) -> None:
    colors = [_color(row["system"]) for row in rows]
    values = np.array([row[metric] for row in rows])
    lows, highs = (
        np.array(
            [
                row[f"{metric}_{end}"] if row[f"{metric}_{end}"] is not None else row[metric]
                for row in rows
            ]
        )
        for end in ("low", "high")
    )
    # The percentile interval of a skewed figure need not hold the figure itself.
    ends = np.maximum([values - lows, highs - values], 0)
    axes.bar([row["name"] for row in rows], values, 0.6, color=colors, yerr=ends, capsize=4)
    axes.tick_params(axis="x", labelrotation=20)
    axes.set(title=title)


def _tokens(axes: Axes, rows: list[Mapping[str, Any]]) -> None:
    names = [row["name"] for row in rows]
    prompt = [row["prompt_tokens"] for row in rows]
    axes.bar(names, prompt, 0.6, color="#9db7d5", label="prompt")
    answer = [row["answer_tokens"] for row in rows]
    bars = axes.bar(names, answer, 0.6, bottom=prompt, color=TUNED_COLOR, label="answer")
    axes.bar_label(
        bars, [f"{row['seconds']:.2f} s" if row["seconds"] else "" for row in rows], padding=3
    )
    axes.margins(y=0.15)
    axes.tick_params(axis="x", labelrotation=20)
    axes.set(title="Tokens and seconds an answer")
    axes.legend(frameon=False)


def _color(system: str) -> str:
    return {"base": BASE_COLOR, "tuned": TUNED_COLOR}.get(system, PROMPT_COLOR)
