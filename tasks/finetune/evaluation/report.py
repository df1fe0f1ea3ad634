"""evaluation.html: the comparison as one page that opens without the internet."""

from pathlib import Path
from typing import Any

import pandas as pd

from tasks.files import write_text
from tasks.finetune.evaluation import tables
from tasks.finetune.evaluation.summary import sample
from tasks.pages import html_environment

TEMPLATES = Path(__file__).parent / "templates"
OF_EACH_KIND = 10
SCORES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "key_facts": "key facts"}


def write_report(path: Path, title: str, facts: dict[str, Any], table: pd.DataFrame) -> None:
    """Write the page.

    Args:
        path: of the file.
        title: which model was tuned on what.
        facts: of `compare.compare`.
        table: of `tables.examples`.
    """
    environment = html_environment(TEMPLATES)
    environment.filters |= {"figure": tables.number, "interval": tables.interval}
    text = environment.get_template("evaluation.html.j2").render(
        title=title,
        sample=sample(facts),
        facts=facts,
        rows=[row | {"bar": _bar(row)} for row in facts["rows"]],
        groups=chosen_examples(table),
        scores=SCORES,
    )
    write_text(path, text)


def chosen_examples(table: pd.DataFrame, of_each: int = OF_EACH_KIND) -> dict[str, list[dict]]:
    """Examples to read: the largest gains and losses by ROUGE-L, and others evenly from between.

    Args:
        table: of `tables.examples`.
        of_each: how many gains and losses at most; with those from between three times as many
            examples are given, or all that there are.

    Returns:
        Heading to examples, each a dict of the table's columns and "change" of ROUGE-L.
    """
    changes = table["tuned_rougeL"] - table["base_rougeL"]
    ordered = table.assign(change=changes).sort_values(
        ["change", "row_id"], ascending=[False, True]
    )
    gains = ordered[ordered["change"] > 0].head(of_each)
    losses = ordered[ordered["change"] < 0].tail(of_each).iloc[::-1]
    between = ordered.drop(index=[*gains.index, *losses.index])
    wanted = min(len(between), 3 * of_each - len(gains) - len(losses))
    places = [place * len(between) // wanted for place in range(wanted)]
    groups = {
        "Where ROUGE-L gained most": gains,
        "Where ROUGE-L lost most": losses,
        "From between, at even steps of the change": between.iloc[places],
    }
    return {name: rows.to_dict("records") for name, rows in groups.items() if len(rows)}


def _bar(row: dict[str, Any]) -> dict[str, float] | None:
    """The interval and the difference on -1..1, better to the right; None without an interval."""
    if row["low"] is None:
        return None
    sign = 1 if row["higher_is_better"] else -1
    ends = sorted((sign * row["low"], sign * row["high"]))
    widest = max(abs(ends[0]), abs(ends[1]), abs(row["difference"])) or 1.0
    return {
        "low": ends[0] / widest,
        "high": ends[1] / widest,
        "difference": sign * row["difference"] / widest,
    }
