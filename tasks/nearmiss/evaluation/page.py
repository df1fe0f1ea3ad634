"""The whole evaluation as one page of Markdown."""

from __future__ import annotations

from typing import Any

from tasks.nearmiss.evaluation.curves import (
    denominators_table,
    left_table,
    measures_table,
    thresholds_table,
)
from tasks.nearmiss.evaluation.presentation import filters_table, markdown_table, scenes_table


def markdown(results: dict[str, Any]) -> str:
    """The run page and `benchmark.md`.

    Args:
        results: `scenes`, and where they were measured `errors`, `filters`, `tracking`, `videos`.
    """
    parts = [
        "# How right the near-misses are",
        f"## Known truth: {results['scenes']['count']} made scenes",
        "95 % intervals: Wilson for precision and recall, bootstrap over scenes for F1. Pairs on "
        "the border of the definition are left out both ways.",
        markdown_table(scenes_table(results["scenes"]["modes"])),
        "### Filters",
        markdown_table(filters_table(results["scenes"]["modes"])),
    ]
    if results.get("filters"):
        parts += _filters(results["filters"])
    if results.get("errors"):
        parts += [
            "## Errors against range, stride and jitter",
            "True near-misses observed anew, calibrated, at 25 frames a second and its strides, "
            "without missed boxes or covering. Bounds are 95 % bootstraps over scenes. "
            "Drawn in `measure_curves.png`.",
            markdown_table(measures_table(results["errors"])),
        ]
    if results.get("tracking"):
        parts += ["## Tracking, against ground truth", markdown_table(results["tracking"])]
    if results.get("videos"):
        parts += ["## Made videos, through the whole chain", markdown_table(results["videos"])]
    return "\n\n".join(parts)


def _filters(figures: dict[str, Any]) -> list[str]:
    rows = figures["denominators"]
    best = rows["near"]["best_of_four"]
    thresholds = ", ".join(f"{name} {value:g}" for name, value in best["thresholds"].items())
    raised = rows["rule"]["raised"]
    return [
        "### Of which candidates",
        "Calibrated. The per-frame rule raises "
        f"{raised['value']:.2f} ({raised['low']:.2f} to {raised['high']:.2f}) of the "
        f"{raised['n']} true near-misses. Best thresholds of the four: of {best['settings']} "
        "settings the one that removes most and loses at most 3 %, sought on these very "
        f"candidates, so a bound and no result; for pairs that came near: {thresholds}.",
        markdown_table(denominators_table(rows)),
        "### What the four filters leave",
        "False candidates that the four leave at their defaults, by what alone tells them from a "
        "near-miss: another filter, or the condition of the definition without which they would "
        "be one.",
        markdown_table(left_table(rows)),
        "### Each filter over its threshold",
        "Calibrated, pairs that came near. Drawn in `filter_curves.png`.",
        markdown_table(thresholds_table(figures["points"])),
    ]
