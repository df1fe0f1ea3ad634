"""A still of an interaction drawn from its trajectories, for where there is no video."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing
from tasks.nearmiss.review.evidence import METRES, finite, moment
from tasks.nearmiss.review.shots import check_ids, window

COLORS = ("#0b57d0", "#00893d")
LONGEST_NAME = 30


def write_stills(wanted: pd.DataFrame, tracks: pd.DataFrame, folder: Path) -> dict[str, Path]:
    """Draw `folder/<id>.png` for each interaction: both paths, and both places at the worst moment.

    Args:
        wanted: kept interactions, rejected candidates, or both.
        tracks: timestamp_sec, track_id and either x, y (in the units of the interactions) or
            x1, y1, x2, y2, of which the middle of the lower edge is drawn.
        folder: of the pictures.

    Returns:
        interaction_id -> picture, without those whose road users are not in the tracks.

    Raises:
        ValueError: an interaction_id is no safe file name, or there twice.
    """
    check_ids(wanted["interaction_id"])
    places = _places(tracks)
    stills = {}
    for row in wanted.to_dict("records"):
        target = folder / f"{row['interaction_id']}.png"
        if _draw(target, row, places):
            stills[row["interaction_id"]] = target
    return stills


def _places(tracks: pd.DataFrame) -> pd.DataFrame:
    """track_id, time, x, y."""
    if {"x", "y"} <= set(tracks.columns):
        x, y = tracks["x"], tracks["y"]
    else:
        x, y = (tracks["x1"] + tracks["x2"]) / 2, tracks["y2"]
    return pd.DataFrame(
        {"track_id": tracks["track_id"], "time": tracks["timestamp_sec"], "x": x, "y": y}
    ).sort_values("time", kind="stable")


def _draw(path: Path, row: Mapping[str, Any], places: pd.DataFrame) -> bool:
    span = window(row)
    if span is None:
        return False
    near = places[places["time"].between(*span)]
    worst = row["worst_sec"] if finite(row["worst_sec"]) else sum(span) / 2
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        ends = []
        for side, color in zip((1, 2), COLORS, strict=True):
            track = near[near["track_id"] == int(row[f"track_id_{side}"])]
            if not track.empty:
                name = f"{_inert(row[f'class_{side}'])} #{int(row[f'track_id_{side}'])}"
                ends.append(_path(axes, track, worst, color, name))
        if not ends:
            return False
        if len(ends) == 2:
            axes.plot(*zip(*ends, strict=True), color="#c62828", linewidth=1.5, linestyle=":")
        units = row["units"]
        axes.set(xlabel=units, ylabel=units, aspect="equal", adjustable="datalim")
        axes.set_title(f"Trajectories; dots: places at {moment(worst)}", fontsize=10)
        if units != METRES:
            axes.invert_yaxis()  # pixels count from the top
        axes.grid(color="#eeeeee")
        axes.legend(loc="best", frameon=False)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=110, format="png")
    return True


def _path(
    axes: Axes, track: pd.DataFrame, worst: float, color: str, name: str
) -> tuple[float, float]:
    """Draw a path, solid up to the worst moment and faint after, with an arrow at its end."""
    before, after = track[track["time"] <= worst + 1e-3], track[track["time"] >= worst - 1e-3]
    axes.plot(before["x"], before["y"], color=color, linewidth=2, label=name)
    axes.plot(after["x"], after["y"], color=color, linewidth=1.5, alpha=0.35)
    here = track.iloc[(track["time"] - worst).abs().argmin()]
    axes.plot(here["x"], here["y"], "o", color=color, markersize=8)
    if len(track) > 1:
        last = track.iloc[-1]
        axes.annotate(
            "",
            xy=(last["x"], last["y"]),
            xytext=tuple(track.iloc[max(0, len(track) - 4)][["x", "y"]]),
            arrowprops={"arrowstyle": "->", "color": color},
        )
    return float(here["x"]), float(here["y"])


def _inert(name: object) -> str:
    """A class name without matplotlib's mathematical markup."""
    return str(name)[:LONGEST_NAME].replace("\\", "/").replace("$", r"\$")
