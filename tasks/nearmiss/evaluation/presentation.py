"""The evaluation in words, tables and pictures."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing

MODE_NAMES = {
    "ground": "calibrated",
    "auto": "pixels, straightened by sizes",
    "picture": "bare pixels",
}
SHOWN_GROUPS = (
    "all",
    "half=tune",
    "half=held-out",
    "degradation=none or moderate",
    "degradation=strong",
)


def scenes_table(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a mode and group: found, false, missed, precision, recall, F1, errors of TTC, PET."""
    rows = []
    for mode, figures in summary.items():
        for group in SHOWN_GROUPS:
            if group not in figures["detection"]:
                continue
            found, error = figures["detection"][group], figures["error"][group]
            rows.append(
                {
                    "mode": MODE_NAMES[mode],
                    "scenes": group.split("=")[-1],
                    "found": found["true_positives"],
                    "false": found["false_positives"],
                    "missed": found["false_negatives"],
                    "precision": with_interval(found["precision"]),
                    "recall": with_interval(found["recall"]),
                    "F1": with_interval(found["f1"]),
                    "TTC error, median / p95 (n)": _error(error["ttc_relative"], percent=True),
                    "PET error, median / p95 (n)": _error(error["pet_sec"], percent=False),
                }
            )
    return rows


def filters_table(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a mode and filter: shares of the false candidates it removes, true ones it loses."""
    return [
        {
            "mode": MODE_NAMES[mode],
            "filter": name,
            "false removed": with_interval(row["false_removed"]),
            "n false": row["false_removed"]["n"],
            "true lost": with_interval(row["true_lost"]),
            "n true": row["true_lost"]["n"],
        }
        for mode, figures in summary.items()
        for name, row in figures["filters"].items()
    ]


def markdown_table(rows: list[dict[str, Any]]) -> str:
    """Rows of one form as a Markdown table."""
    if not rows:
        return "Nothing was measured.\n"
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *([str(row[name]) for name in header] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def errors_picture(path: Path, table: pd.DataFrame) -> None:
    """Measured against true TTC of the near-misses that were found, one panel a mode."""
    hits = table[table["is_near_miss"] & table["found"]]
    modes = list(hits["mode"].unique()) or ["ground"]
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(4.2 * len(modes), 4), layout="constrained")
        for axes, mode in zip(figure.subplots(1, len(modes), squeeze=False)[0], modes, strict=True):
            own = hits[hits["mode"] == mode]
            for name, part in own.groupby("degradation"):
                axes.errorbar(
                    part["true_ttc_sec"], part["ttc_sec"], fmt="o", markersize=4, label=name,
                    elinewidth=0.7,
                    yerr=[
                        (part["ttc_sec"] - part["ttc_low_sec"]).clip(lower=0),
                        (part["ttc_high_sec"] - part["ttc_sec"]).clip(lower=0),
                    ],
                )  # fmt: skip
            axes.plot([0, 2], [0, 2], color="#999999", linewidth=1)
            axes.set(
                xlim=(0, 2),
                ylim=(0, 2.4),
                xlabel="true least TTC (s)",
                ylabel="measured (s)",
                title=MODE_NAMES[mode],
            )
            axes.legend(frameon=False, title="degradation", fontsize=8)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")


def filters_picture(path: Path, summary: dict[str, Any]) -> None:
    """Shares of false candidates removed and of true ones lost, a bar a filter, a panel a mode."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(4.6 * len(summary), 4.2), layout="constrained")
        panels = figure.subplots(1, len(summary), squeeze=False, sharey=True)[0]
        for axes, (mode, figures) in zip(panels, summary.items(), strict=True):
            names = list(figures["filters"])
            removed = [figures["filters"][name]["false_removed"]["value"] or 0 for name in names]
            lost = [figures["filters"][name]["true_lost"]["value"] or 0 for name in names]
            places = range(len(names))
            axes.barh(
                [p - 0.2 for p in places], removed, 0.4, color="#1f77b4", label="false removed"
            )
            axes.barh([p + 0.2 for p in places], lost, 0.4, color="#d62728", label="true lost")
            axes.set_yticks(list(places), labels=names)
            axes.set(xlim=(0, 1), xlabel="share", title=MODE_NAMES[mode])
        panels[0].invert_yaxis()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")


def with_interval(figure: dict[str, Any]) -> str:
    """A figure with its 95 % interval, "-" where nothing was counted."""
    value, low, high = figure["value"], figure.get("low"), figure.get("high")
    if value is None:
        return "-"
    return f"{value:.2f} ({low:.2f} to {high:.2f})" if low is not None else f"{value:.2f}"


def _error(figure: dict[str, Any], *, percent: bool) -> str:
    if not figure["n"]:
        return "- (0)"
    scale, unit = (100, " %") if percent else (1, " s")
    digits = 1 if percent else 2
    return (
        f"{scale * figure['median']:.{digits}f}{unit} / {scale * figure['p95']:.{digits}f}{unit} "
        f"({figure['n']})"
    )
