"""What a run of the data stages found, in words and figures for people and for the record."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.errors import StageFailed
from tasks.finetune.splits import SPLITS
from tasks.pages import inert
from tasks.pointers import StageResult
from tasks.text import plain


def source_row(source: Mapping[str, Any]) -> dict[str, Any]:
    """One source for a table."""
    names = ("source", "kind", "license", "rows_read", "rows_kept", "rows_refused", "problem")
    return {name: source[name] for name in names}


def gathered_verdict(figures: Mapping[str, Any]) -> str:
    """One line: how many rows of how many sources."""
    return (
        f"{figures['rows_read']} rows read from {len(figures['sources'])} sources, "
        f"{figures['rows_refused']} refused."
    )


def curated_verdict(figures: Mapping[str, Any]) -> str:
    """One line: how many rows were kept."""
    return f"{figures['kept']} of {figures['rows']} rows kept, {figures['quarantined']} blocked."


def reason_rows(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a reason of curation."""
    return [
        {"filter": name, "reason": reason, "rows": rows}
        for name, reasons in figures["reasons"].items()
        for reason, rows in reasons.items()
    ]


def split_verdict(figures: Mapping[str, Any]) -> str:
    """One line: the sizes of the splits."""
    sizes = ", ".join(f"{figures['files'][name]['rows']} {name}" for name in SPLITS)
    return (
        f"{sizes}; {figures['blocked']} rows of training blocked, which share text with held-out "
        "rows."
    )


def audit_verdict(figures: Mapping[str, Any]) -> str:
    """One line: what became of all rows."""
    rows = figures["rows"]
    return (
        f"{rows['incoming']} rows came in, {rows['kept']} are in the splits, "
        f"{rows['quarantined']} in quarantine."
    )


def check_sum(gathered: Mapping[str, Any], audited: Mapping[str, Any]) -> None:
    """Raise StageFailed where rows read are not rows kept plus rows in quarantine."""
    rows = audited["rows"]
    if not gathered["rows_read"] == rows["incoming"] == rows["kept"] + rows["quarantined"]:
        raise StageFailed(
            f"Rows are lost: {gathered['rows_read']} were read, {rows['kept']} are in the splits "
            f"and {rows['quarantined']} in quarantine."
        )


def audit_markdown(figures: Mapping[str, Any]) -> str:
    """The audit in short, for the run page."""
    parts = [f"**{audit_verdict(figures)}**", "## Why rows were blocked"]
    parts.append(
        "| reason | rows |\n|---|---:|\n"
        + "\n".join(f"| {plain(row['reason'])} | {row['rows']} |" for row in figures["reasons"])
    )
    parts.append("## Where rows come from")
    header = "| source | incoming | kept | train | val | test |\n|---|---:|---:|---:|---:|---:|\n"
    parts.append(
        header
        + "\n".join(
            f"| {plain(row['source'])} | {row['incoming']} | {row['kept']} | "
            + " | ".join(str(row[name]) for name in SPLITS)
            + " |"
            for row in figures["sources"]
        )
    )
    return "\n\n".join(parts) + "\n"


def lines(results: Mapping[str, StageResult], folder: Path) -> list[str]:
    """What the terminal shows last."""
    shown = [
        gathered_verdict(results["gather"].figures),
        curated_verdict(results["curate"].figures),
    ]
    if "split" not in results:
        return [*shown, f"Blocked rows: {results['curate'].path('curation_quarantine')}"]
    published = results["publish splits"]
    return [
        *shown,
        split_verdict(results["split"].figures),
        f"Splits: {published.path('data train').parent}",
        f"Audit: {folder / 'audit.html'}",
    ]


def markdown(
    results: Mapping[str, StageResult],
    cached: Mapping[str, bool],
    warnings: list[str],
    told: list[str],
) -> str:
    """The summary for the run page and `summary.md`. `told`: what the terminal shows last."""
    title = "# Fine-tuning" if "train" in results else "# Fine-tuning data"
    parts = [title, "\n".join(f"- {inert(line)}" for line in told)]
    parts += [f"> **Warning:** {inert(warning)}" for warning in warnings]
    header = "## Stages\n\n| stage | seconds of work | |\n|---|---:|---|\n"
    parts.append(
        header
        + "\n".join(
            f"| {name} | {result.seconds:.2f} | {'cached' if cached.get(name) else 'ran'} |"
            for name, result in results.items()
        )
    )
    return "\n\n".join(parts) + "\n"


def data_entries(results: Mapping[str, StageResult]) -> list[dict[str, Any]]:
    """The record's entries on the sources, and on the splits where there are any."""
    names = ("source", "kind", "url", "license", "files", "rows_read", "rows_kept")
    entries = [
        {name: source[name] for name in names} for source in results["gather"].figures["sources"]
    ]
    if "publish splits" in results:
        entries.append({"splits": results["publish splits"].figures["files"]})
    return entries


def metrics(results: Mapping[str, StageResult]) -> dict[str, Any]:
    """The record's metrics."""
    wanted = {"gather": ["rows_read", "rows_kept", "rows_refused", "refused_by_reason"]}
    wanted |= {"curate": ["rows", "kept", "quarantined", "reasons", "repairs", "pii", "clusters"]}
    wanted |= {"split": ["contamination", "moved", "blocked"], "audit": ["rows"]}
    return {
        name: {key: results[name].figures[key] for key in keys}
        for name, keys in wanted.items()
        if name in results
    }
