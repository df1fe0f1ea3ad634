"""The pictures of the report."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing
from tasks.nearmiss.drawing import color_of_id
from tasks.nearmiss.scoring import HIGH_FROM, LEVELS, MEDIUM_FROM

LEVEL_COLORS = {"High": "#d62728", "Medium": "#ff7f0e", "Low": "#e6b800"}
BIN_SEC = 15
HEATMAP_CELL_PX = 16
PLACE = ["center_x", "center_y"]  # columns of tracks
MOST_LABELS = 200  # of trajectories; more hide the picture


def timeline(path: Path, events: pd.DataFrame, duration_sec: float) -> None:
    """Events over time, one dot each, at their score and in their level's colour."""
    with _figure(path, (10, 3.2)) as axes:
        for level in LEVELS:
            of_level = events[events["risk_level"] == level]
            axes.vlines(
                of_level["timestamp_sec"],
                0,
                of_level["risk_score"],
                color=LEVEL_COLORS[level],
                linewidth=1,
                alpha=0.5,
            )
            axes.scatter(
                of_level["timestamp_sec"],
                of_level["risk_score"],
                color=LEVEL_COLORS[level],
                label=f"{level} ({len(of_level)})",
                s=36,
                zorder=3,
            )
        for edge in (MEDIUM_FROM, HIGH_FROM):
            axes.axhline(edge, color="#bbbbbb", linewidth=0.8, linestyle="--")
        axes.set(
            xlim=(0, duration_sec),
            ylim=(0, 1.02),
            xlabel="time in the video (s)",
            ylabel="risk score",
            title="Near-miss events over time",
        )
        _say_if_empty(axes, events)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def risk_distribution(path: Path, events: pd.DataFrame) -> None:
    """Histogram of the scores, in the colours of their levels."""
    import seaborn as sns

    with _figure(path, (6, 3.6)) as axes:
        if not events.empty:
            sns.histplot(
                data=events,
                x="risk_score",
                hue="risk_level",
                hue_order=list(LEVELS),
                palette=LEVEL_COLORS,
                bins=np.linspace(0, 1, 21).tolist(),
                multiple="stack",
                legend=False,
                ax=axes,
            )
        axes.set(
            xlim=(0, 1), xlabel="risk score", ylabel="events", title="How risky the events are"
        )
        axes.yaxis.get_major_locator().set_params(integer=True)
        _say_if_empty(axes, events)


def heatmap(path: Path, tracks: Iterable[pd.DataFrame], first_frame: np.ndarray) -> None:
    """Where road users were: counts of all centres over the first frame.

    Args:
        path: of the picture.
        tracks: PLACE, in pieces.
        first_frame: height x width x 3, BGR uint8.
    """
    height, width = first_frame.shape[:2]
    bins = [max(1, height // HEATMAP_CELL_PX), max(1, width // HEATMAP_CELL_PX)]
    counts = np.zeros(bins)
    for piece in tracks:
        of_piece, _, _ = np.histogram2d(
            piece["center_y"], piece["center_x"], bins=bins, range=[[0, height], [0, width]]
        )
        counts += of_piece
    with _figure(path, (8, 8 * height / width + 0.6)) as axes:
        axes.imshow(first_frame[:, :, ::-1], extent=(0, width, height, 0))
        shown = axes.imshow(
            np.ma.masked_equal(np.log1p(counts), 0),
            extent=(0, width, height, 0),
            cmap="inferno",
            alpha=0.65,
            interpolation="nearest",
        )
        bar = axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="sights in a cell")
        most = max(1, int(counts.max()))
        ticks = sorted({1, *(10**power for power in range(6) if 10**power <= most), most})
        bar.set_ticks(np.log1p(ticks), labels=[str(tick) for tick in ticks])
        axes.set(title="Where road users were", xticks=[], yticks=[])


def frequency(path: Path, events: pd.DataFrame, duration_sec: float) -> None:
    """Events in each 15 seconds, stacked by level."""
    edges = np.arange(0, duration_sec + BIN_SEC, BIN_SEC)
    base = np.zeros(len(edges) - 1)
    with _figure(path, (10, 3.2)) as axes:
        for level in reversed(LEVELS):
            times = events.loc[events["risk_level"] == level, "timestamp_sec"]
            counts, _ = np.histogram(times, bins=edges)
            axes.bar(
                edges[:-1],
                counts,
                width=0.92 * BIN_SEC,
                bottom=base,
                align="edge",
                color=LEVEL_COLORS[level],
                label=level,
            )
            base += counts
        axes.set(
            xlim=(0, edges[-1]),
            xlabel="time in the video (s)",
            ylabel="events",
            title=f"Events in each {BIN_SEC} seconds",
        )
        axes.yaxis.get_major_locator().set_params(integer=True)
        _say_if_empty(axes, events)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, reverse=True)


def trajectories(path: Path, tracks: pd.DataFrame, first_frame: np.ndarray) -> None:
    """All trajectories over the first frame, one colour an id, a dot where each ends, and the ids
    where there are few enough to be read."""
    height, width = first_frame.shape[:2]
    ways = {
        int(track_id): track.to_numpy() for track_id, track in tracks.groupby("track_id")[PLACE]
    }
    colors = [color_of_id(track_id) for track_id in ways]
    with _figure(path, (8, 8 * height / width + 0.6)) as axes:
        axes.imshow(first_frame[:, :, ::-1], alpha=0.6)
        axes.add_collection(LineCollection(list(ways.values()), colors=colors, linewidths=1.5))
        ends = np.array([way[-1] for way in ways.values()]).reshape(-1, 2)
        axes.scatter(*ends.T, c=colors, s=9, zorder=2)
        for track_id, end in zip(ways, ends, strict=True) if len(ways) <= MOST_LABELS else ():
            axes.annotate(
                str(track_id),
                end,
                fontsize=7,
                xytext=(3, 3),
                textcoords="offset points",
                color=color_of_id(track_id),
            )
        axes.set(
            xlim=(0, width),
            ylim=(height, 0),
            xticks=[],
            yticks=[],
            title=f"Trajectories of {len(ways)} road users",
        )


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> Iterator[Axes]:
    """One pair of axes, saved as PNG without a display, whole or not at all."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots()
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")


def _say_if_empty(axes: Axes, events: pd.DataFrame) -> None:
    if events.empty:
        axes.text(0.5, 0.5, "no events", transform=axes.transAxes, ha="center", color="#777777")
