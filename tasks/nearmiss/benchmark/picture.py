"""Frames a second against missed near-misses."""

from itertools import product
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing
from tasks.nearmiss.benchmark.configurations import BASELINE

MARKERS = ("o", "s", "^")  # of groups beyond the number of colours
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


def speed_against_missed(path: Path, table: pd.DataFrame, chosen: str, max_missed: float) -> None:
    """A line through the strides of each engine, size and way, a point a stride.

    Args:
        path: of the PNG.
        table: of `table.benchmark_table`.
        chosen: `optimization` of the recommended row, which gets a ring.
        max_missed: percent, drawn as a line.
    """
    shown = table[table["missed_events_%"].notna()]
    groups = [
        (key, rows.sort_values("stride"))
        for key, rows in shown.groupby(["engine", "imgsz", "threads"], sort=False)
        if rows["stride"].nunique() > 1
    ]
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9.5, 5), layout="constrained")
        axes = figure.subplots()
        looks = product(MARKERS, COLORS)
        for (marker, color), ((engine, imgsz, threads), rows) in zip(looks, groups, strict=False):
            label = f"{engine}, {imgsz}, {'threads' if threads else 'no threads'}"
            x, y = rows["fps"], rows["missed_events_%"]
            spread = [x - rows["fps_lowest"], rows["fps_highest"] - x]
            axes.errorbar(
                x, y, xerr=spread, color=color, label=label, marker=marker, markersize=5,
                linewidth=1.4, elinewidth=0.8, capsize=2,
            )  # fmt: skip
            for at, height, stride in zip(x, y, rows["stride"], strict=True):
                axes.annotate(
                    str(stride), (at, height), xytext=(0, 7), textcoords="offset points",
                    ha="center", fontsize=9, color=color, fontweight="bold",
                )  # fmt: skip
        ring = shown[shown["optimization"] == chosen]
        axes.plot(
            ring["fps"], ring["missed_events_%"], "o", markersize=14, fillstyle="none",
            color="black", label="recommended",
        )  # fmt: skip
        axes.axhline(max_missed, color="#999999", linestyle="--", linewidth=1)
        axes.annotate(
            f"limit {max_missed:g} %", (1, max_missed), xycoords=("axes fraction", "data"),
            xytext=(-2, 3), textcoords="offset points", ha="right", color="#777777", fontsize=9,
        )  # fmt: skip
        truth = f"{BASELINE.engine}, {BASELINE.imgsz}, stride {BASELINE.stride}"
        count = int(table["events_n"].iloc[0])
        highest = max([2 * max_missed, *shown["missed_events_%"].dropna()], default=10)
        axes.set(
            xlabel="frames of the source a second (median, range of the rounds)",
            ylabel="missed events (%)",
            ylim=(-0.06 * highest, 1.15 * highest),
        )
        axes.set_title(
            f"Speed against missed events, strides at the points (n = {count}; truth: {truth})",
            fontsize=10,
        )
        axes.set_xlim(left=0)
        if groups:
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
        else:
            axes.text(0.5, 0.5, "no events to miss", transform=axes.transAxes, ha="center")
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")
