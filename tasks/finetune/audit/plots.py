"""The pictures of the audit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.finetune.splits import SPLITS
from tasks.plotting import label, one_plot, say_if_empty

SPLIT_COLORS = {"train": "#4c78a8", "val": "#f2a541", "test": "#c44e52"}
BEFORE_COLOR, AFTER_COLOR = "#b8bec6", "#2f6f4f"
MAX_BARS = 20
READABLE_TICKS = [
    step * 10**power for power in range(6) for step in (1, 2, 5)
]  # of a logarithmic axis


def output_lengths(path: Path, before: np.ndarray, rows: pd.DataFrame) -> None:
    """Words of the outputs as they were taken from their sources, and of those in the splits.

    Args:
        path: of the picture.
        before: words of each output that was taken.
        rows: with the column output_words.
    """
    import seaborn as sns

    after = rows["output_words"].to_numpy()
    lengths = np.maximum(np.concatenate([before, after]), 1)
    edges = (lengths.min(), lengths.max() + 1) if len(lengths) else (1, 2)
    bins = np.unique(np.round(np.geomspace(*edges, 41)))
    with one_plot(path, (6.4, 3.4)) as axes:
        for values, color, name in (
            (before, BEFORE_COLOR, f"taken ({len(before):,})"),
            (after, AFTER_COLOR, f"kept ({len(after):,})"),
        ):
            sns.histplot(
                np.maximum(values, 1), bins=bins.tolist(), color=color, label=name, ax=axes
            )
        axes.set_xscale("log")
        axes.set_xticks(
            [tick for tick in READABLE_TICKS if edges[0] <= tick <= edges[1]], minor=False
        )
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.set(xlabel="words of the output", ylabel="rows", title="Lengths before and after")
        if len(lengths):
            axes.legend(frameon=False)
        say_if_empty(axes, len(lengths), "no rows")


def rows_by_source(path: Path, rows: pd.DataFrame) -> None:
    """Rows of each source in each split, one bar a source, and what they are in numbers."""
    counts = pd.crosstab(rows["source"], rows["split"]).reindex(columns=SPLITS, fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index].tail(MAX_BARS)
    with one_plot(path, (6.4, 1.5 + 0.36 * len(counts))) as axes:
        start = np.zeros(len(counts))
        names = [label(name) for name in counts.index]
        for split in SPLITS:
            axes.barh(names, counts[split], left=start, color=SPLIT_COLORS[split], label=split)
            start += counts[split].to_numpy()
        for place, total in enumerate(start):
            axes.annotate(
                f"{int(total):,}", (total, place), (4, 0), textcoords="offset points", va="center"
            )
        axes.set(xlabel="rows", title="Rows by source and split")
        axes.margins(x=0.12)
        if len(counts):
            axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        say_if_empty(axes, len(counts), "no rows")


def blocked_rows(path: Path, reasons: list[dict[str, Any]]) -> None:
    """How many rows each reason blocked, the most frequent on top."""
    shown = reasons[:MAX_BARS][::-1]
    with one_plot(path, (6.4, 1.3 + 0.3 * len(shown))) as axes:
        bars = axes.barh(
            [label(reason["reason"]) for reason in shown],
            [reason["rows"] for reason in shown],
            color=SPLIT_COLORS["test"],
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=4)
        axes.margins(x=0.12)
        axes.set(xlabel="rows", title="Why rows were blocked")
        axes.xaxis.get_major_locator().set_params(integer=True)
        say_if_empty(axes, len(shown), "no rows")


def token_lengths(path: Path, rows: pd.DataFrame, limit: int) -> None:
    """Tokens of the rows in the splits, and the limit beyond which they are cut."""
    import seaborn as sns

    tokens = rows["tokens"].dropna()
    with one_plot(path, (6.4, 3.2)) as axes:
        if len(tokens):
            sns.histplot(tokens, bins=40, color=AFTER_COLOR, ax=axes)
        axes.axvline(limit, color=SPLIT_COLORS["test"], linestyle="--", linewidth=1.2)
        axes.annotate(
            f"limit: {limit}",
            (limit, 1),
            (4, -10),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=SPLIT_COLORS["test"],
        )
        axes.set(xlabel="tokens of a row", ylabel="rows", title="Tokens and the limit")
        say_if_empty(axes, len(tokens), "no rows")
