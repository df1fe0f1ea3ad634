"""Pictures and tables of the curves: errors against their causes, filters against thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing
from tasks.nearmiss.evaluation.filter_curves import SWEEPS
from tasks.nearmiss.evaluation.presentation import with_interval

Point = dict[str, Any]
STYLE = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd")
MEASURES = {"ttc_relative": ("TTC error (%)", 100.0), "pet_sec": ("PET error (s)", 1.0)}
STATISTICS = ("median", "p95")

# Cause: its field, and the field of which each value is a line, with words for both.
CAUSES: dict[str, tuple[str, str, Callable[[float], str]]] = {
    "range_m": ("range (m)", "jitter_px", lambda v: f"1 % of box and {v:g} px"),
    "stride": ("stride (frames of 25 a second)", "jitter_percent", lambda v: f"{v:g} % of box"),
    "jitter_percent": ("jitter (% of box)", "stride", lambda v: f"stride {v:g}"),
}


def measures_picture(path: Path, points: Sequence[Point]) -> None:
    """Median and p95 of the errors of TTC and PET against each cause, with bootstrap bands.

    Args:
        path: of the picture.
        points: of `sweep.sweep_figures`.
    """
    rows = [(measure, statistic) for measure in MEASURES for statistic in STATISTICS]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 11), layout="constrained")
        grid = figure.subplots(len(rows), len(CAUSES), sharey="row")
        for row, (measure, statistic) in zip(grid, rows, strict=True):
            label, scale = MEASURES[measure]
            row[0].set_ylabel(f"{label}, {statistic}")
            for axes, cause in zip(row, CAUSES, strict=True):
                _draw_cause(axes, points, cause, measure, statistic, scale)
            row[0].set_ylim(bottom=0)
        for axes, cause in zip(grid[0], CAUSES, strict=True):
            axes.set_title(f"against {CAUSES[cause][0]}", fontsize=10)
            axes.legend(frameon=False, fontsize=8, loc="upper left")
        _save(figure, path)


def _draw_cause(
    axes: Axes, points: Sequence[Point], cause: str, measure: str, statistic: str, scale: float
) -> None:
    _, line_field, name_of = CAUSES[cause]
    moved = cause == "range_m"
    own = [
        point
        for point in points
        if (point["range_m"] is not None) == moved and point[measure]["n"] > 0
    ]
    for colour, value in zip(COLOURS, sorted({point[line_field] for point in own}), strict=False):
        line = sorted((p for p in own if p[line_field] == value), key=lambda p: p[cause])
        at = [point[cause] for point in line]
        bounds = [point[measure][statistic] for point in line]
        axes.plot(
            at, [scale * each["value"] for each in bounds], "o-",
            color=colour, markersize=3, linewidth=1.2, label=name_of(value),
        )  # fmt: skip
        axes.fill_between(
            at, [scale * each["low"] for each in bounds], [scale * each["high"] for each in bounds],
            color=colour, alpha=0.12, linewidth=0,
        )  # fmt: skip
    ticks = sorted({point[cause] for point in own})
    counts = [[point[measure]["n"] for point in own if point[cause] == tick] for tick in ticks]
    axes.set_xticks(
        ticks, [f"{tick:g}\nn {_span(each)}" for tick, each in zip(ticks, counts, strict=True)]
    )
    axes.tick_params(axis="x", labelsize=7)


def _span(counts: Sequence[int]) -> str:
    return str(counts[0]) if min(counts) == max(counts) else f"{min(counts)}-{max(counts)}"


def filters_picture(path: Path, points: Sequence[Point]) -> None:
    """Shares of false candidates removed and true near-misses lost as each filter's threshold
    moves, with Wilson bands, and both against each other.

    Args:
        path: of the picture.
        points: of `filter_curves.curve_figures`.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 9), layout="constrained")
        panels = figure.subplots(3, 3, sharey=True).flat
        both = panels[len(SWEEPS)]
        for sweep, axes in zip(SWEEPS, panels, strict=False):
            own = [
                point
                for point in points
                if point["parameter"] == sweep.parameter
                and point["false_removed"]["n"]
                and point["true_lost"]["n"]
            ]
            if not own:
                continue
            at = [point["value"] for point in own]
            for name, colour in (("false_removed", "#1f77b4"), ("true_lost", "#d62728")):
                axes.plot(
                    at, [point[name]["value"] for point in own], "o-", color=colour, markersize=3,
                    linewidth=1.2, label=f"{name.replace('_', ' ')}, n = {own[0][name]['n']}",
                )  # fmt: skip
                low, high = ([point[name][end] for point in own] for end in ("low", "high"))
                axes.fill_between(at, low, high, color=colour, alpha=0.12, linewidth=0)
            for point in own:
                if point["is_default"]:
                    axes.axvline(
                        point["value"], color="#999999", linewidth=1, linestyle=":", label="default"
                    )
            unit = f" ({sweep.unit})" if sweep.unit else ""
            axes.set(xlabel=f"{sweep.parameter}{unit}", title=sweep.filter, ylim=(0, 1))
            both.plot(
                [point["true_lost"]["value"] for point in own],
                [point["false_removed"]["value"] for point in own],
                "o-", markersize=2.5, linewidth=1, label=f"{sweep.filter}: {sweep.parameter}",
            )  # fmt: skip
        both.set(xlabel="true lost", ylabel="false removed", title="each against the other")
        both.legend(frameon=False, fontsize=6.5, loc="lower right", bbox_to_anchor=(1, 0.02))
        for axes in (panels[0], panels[3], panels[6]):
            axes.set_ylabel("share")
        panels[0].legend(frameon=False, fontsize=8)
        _save(figure, path)


def measures_table(points: Sequence[Point]) -> list[Point]:
    """A row a condition: errors of TTC and PET with bounds, what was found, and n of each."""
    return [
        {
            "range": "own" if point["range_m"] is None else f"{point['range_m']:g} m",
            "stride": int(point["stride"]),
            "jitter": _jitter(point),
            "TTC error, median": _bounded(point["ttc_relative"]["median"], 100, 1, " %"),
            "TTC error, p95": _bounded(point["ttc_relative"]["p95"], 100, 1, " %"),
            "n TTC": point["ttc_relative"]["n"],
            "PET error, median": _bounded(point["pet_sec"]["median"], 1, 2, " s"),
            "PET error, p95": _bounded(point["pet_sec"]["p95"], 1, 2, " s"),
            "n PET": point["pet_sec"]["n"],
            "found": with_interval(point["found"]),
            "n near-misses": point["near_misses"],
            "true TTC in its interval": with_interval(point["ttc_interval_holds"]),
        }
        for point in points
    ]


def thresholds_table(points: Sequence[Point]) -> list[Point]:
    """A row a value of a filter's threshold."""
    return [
        {
            "filter": point["filter"],
            "threshold": f"{point['parameter']} {point['value']:g} {point['unit']}".strip()
            + (" (default)" if point["is_default"] else ""),
            "false removed": with_interval(point["false_removed"]),
            "true lost": with_interval(point["true_lost"]),
        }
        for point in points
    ]


def denominators_table(figures: dict[str, Any]) -> list[Point]:
    """A row a meaning of "candidate" and set of filters."""
    rows = []
    for name, own in figures.items():
        sets = {each: own["filters"][each] for each in ("default four", "all but conflict", "all")}
        sets["best thresholds of the four"] = own["best_of_four"]
        for filters, row in sets.items():
            if "false_removed" not in row:
                continue
            rows.append(
                {
                    "candidates": DENOMINATORS[name],
                    "filters": filters,
                    "false removed": with_interval(row["false_removed"]),
                    "n false": row["false_removed"]["n"],
                    "true lost": with_interval(row["true_lost"]),
                    "n true": row["true_lost"]["n"],
                }
            )
    return rows


def left_table(figures: dict[str, Any]) -> list[Point]:
    """A row a reason for which a false candidate that the four filters leave is none."""
    return [
        {"candidates": DENOMINATORS[name], "what alone tells them": reason, "left": count}
        for name, own in figures.items()
        for reason, count in own["left"].items()
    ]


DENOMINATORS = {
    "near": "every pair that came near",
    "short": "TTC or PET once short",
    "rule": "raised by the per-frame rule in the picture",
}


def _jitter(point: Point) -> str:
    pixels = f" and {point['jitter_px']:g} px" if point["jitter_px"] else ""
    return f"{point['jitter_percent']:g} %{pixels}"


def _bounded(figure: Point, scale: float, digits: int, unit: str) -> str:
    if figure["value"] is None:
        return "-"
    value, low, high = (scale * figure[name] for name in ("value", "low", "high"))
    return f"{value:.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"


def _save(figure: Figure, path: Path) -> None:
    with whole_or_nothing(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
