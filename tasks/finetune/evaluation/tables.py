"""The comparison as files: results.md for people, evaluation_results.csv for every example."""

from pathlib import Path
from typing import Any

import pandas as pd

from tasks.files import whole_or_nothing, write_text
from tasks.finetune.evaluation.answered import BASE, TUNED, of_system
from tasks.finetune.evaluation.summary import sample

HEAD = ("Metric", "Base", "Fine-tuned", "Improvement (%)", "95 % CI of the difference")
SCORES = (
    "rouge1",
    "rouge2",
    "rougeL",
    "key_facts",
    "key_facts_total",
    "key_facts_missing",
    "ended",
    "truncated",
    "words",
)
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def results_table(rows: list[dict[str, Any]]) -> str:
    """The rows of `compare.compare` as a Markdown table with the columns of `HEAD`.

    An improvement is positive where the tuned model is better, whichever way the metric runs; the
    difference is tuned - base. Intervals that have 0 inside or rest on too few clusters are marked
    as showing no difference.
    """
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---:|---:|---:|---|"]
    for row in rows:
        change = row["improvement_percent"]
        cells = (
            row["metric"],
            number(row["base"]),
            number(row["tuned"]),
            "-" if change is None else f"{change:+.1f}",
            f"{interval(row)} ({row['verdict']})",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write_results(path: Path, facts: dict[str, Any]) -> None:
    """Write results.md: the table, what it rests on, and the summary."""
    notes = (
        f"{sample(facts)}; intervals by a paired bootstrap of {facts['resamples']} resamples of "
        f"clusters, seed {facts['seed']}. "
        "The difference is fine-tuned minus base; an improvement is positive where fine-tuned is "
        "better."
    )
    summary = "\n".join(f"- {sentence}" for sentence in facts["summary"])
    write_text(
        path,
        f"# Base against fine-tuned\n\n{results_table(facts['rows'])}\n{notes}\n\n"
        f"BLEU: {facts['nltk']}; sacreBLEU's signature `{facts['signature']}`.\n\n"
        f"## Summary\n\n{summary}\n",
    )


def examples(answered: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """One line an example: its texts, and both systems' answers and scores.

    Returns:
        Columns row_id, source, domain, instruction, input, reference, base_answer, tuned_answer,
        and base_x, tuned_x for each x of `SCORES`; rows in the order of the split.
    """
    line = of_system(answered, BASE)[
        ["row_id", "source", "domain", "instruction", "input", "reference"]
    ]
    for system in (BASE, TUNED):
        texts = of_system(answered, system)[["row_id", "answer"]]
        own = texts.merge(of_system(scores, system)[["row_id", *SCORES]], on="row_id")
        own.columns = ["row_id", *(f"{system}_{name}" for name in own.columns[1:])]
        line = line.merge(own, on="row_id", validate="1:1")
    answers = [f"{BASE}_answer", f"{TUNED}_answer"]
    front = [*line.columns[:6], *answers]
    return line[front + [name for name in line.columns if name not in front]]


def write_examples(path: Path, table: pd.DataFrame) -> None:
    """Write evaluation_results.csv, whole or not at all.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, as spreadsheets
    themselves mark text; lists are joined by "; ".
    """
    cells = table.copy()
    for name in cells.columns:
        if cells[name].map(lambda value: isinstance(value, (str, list))).any():
            cells[name] = cells[name].map(_cell)
    with whole_or_nothing(path) as temporary:
        cells.to_csv(temporary, index=False, lineterminator="\n")


def number(value: float | None) -> str:
    """A figure with four significant digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"


def interval(row: dict[str, Any]) -> str:
    """The interval of a row's difference, or that there is none."""
    if row["low"] is None:
        return "none from one cluster"
    return f"{row['low']:+.3g} to {row['high']:+.3g}"


def _cell(value: str | list[str]) -> str:
    text = value if isinstance(value, str) else "; ".join(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
