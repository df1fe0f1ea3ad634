"""The `baselines` facts: prompting against tuning, in quality, tokens and time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.errors import BadInput
from tasks.finetune.curation.words import count_words
from tasks.finetune.evaluation import bootstrap
from tasks.finetune.evaluation.bleu import sacre_bleu, sacre_signature
from tasks.finetune.evaluation.bootstrap import Difference, Statistic, cluster_labels
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.prompting.prompts import CHAIN_OF_THOUGHT, EXAMPLES, FEW_SHOT

NAMES = {
    "base": "zero-shot",
    FEW_SHOT: "few-shot",
    CHAIN_OF_THOUGHT: "chain of thought",
    "tuned": "fine-tuned",
}
METRICS = {"rougeL": "ROUGE-L", "bleu": "BLEU"}
# Groups of fewer rows are left out of the table of who wins where.
LEAST_OF_GROUP = 5


def compare(
    cases: Mapping[str, Mapping[str, Case]],
    clusters: Mapping[str, str] | None = None,
    training_seconds: float | None = None,
    without_mark: int | None = None,
    examples: float | None = None,
) -> dict[str, Any]:
    """The `baselines` facts, JSON-able.

    Args:
        cases: system to row id to case, over the same rows; base and tuned must be there. Of chain
            of thought the answer is the part after its mark, the tokens are those of all.
        clusters: row id to near-duplicate group.
        training_seconds: what tuning took, for the break-even.
        without_mark: how many answers of chain of thought had no mark.
        examples: mean number in a few-shot prompt; the window may have held fewer than were meant.

    Returns:
        "rows" (one a system: means with 95 % intervals, mean tokens and seconds an answer),
        "verdicts" (sentences), "against_tuned" (other system to the tuned model's ROUGE-L less its
        own, paired: value, low, high, shown; low and high are None where there is one cluster),
        "where" (mean ROUGE-L by source and by length of the reference),
        "wins" (share of the rows in which a system scores highest, ties shared), "costs"
        (sentences), "signature" (of sacreBLEU).

    Raises:
        BadInput: base or tuned is missing, or the systems answered different rows.
    """
    systems = [name for name in NAMES if name in cases]
    ids = list(cases.get("base", {}))
    if "tuned" not in cases or not ids:
        raise BadInput("answers of base and tuned are needed to compare prompts with tuning")
    for name in systems:
        if set(cases[name]) != set(ids):
            raise BadInput(f"{name} did not answer the same rows as base: answer them again")
    tables = {name: [cases[name][row_id] for row_id in ids] for name in systems}
    labels = cluster_labels(ids, clusters or {})
    statistics = {name: _statistics(table) for name, table in tables.items()}
    rows = [_row(name, tables[name], statistics[name], labels) for name in systems]
    changes = _changes(statistics, labels)
    return {
        "n": len(ids),
        "clusters": len(set(labels)),
        "rows": rows,
        "verdicts": [_verdict(*names, change) for names, change in changes.items()],
        "against_tuned": {
            before: _figures(change)
            for (before, after, metric), change in changes.items()
            if (after, metric) == ("tuned", "rougeL")
        },
        "where": _where(tables),
        "wins": _wins(tables),
        "costs": _costs({row["system"]: row for row in rows}, training_seconds, without_mark)
        + _fewer_examples(examples),
        "signature": sacre_signature(),
    }


def _statistics(table: Sequence[Case]) -> dict[str, Statistic]:
    return {
        "rougeL": bootstrap.mean([case.rouge_l for case in table]),
        "bleu": sacre_bleu([case.reference for case in table], [case.answer for case in table]),
    }


def _row(
    name: str, table: Sequence[Case], statistics: Mapping[str, Statistic], labels: Sequence[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {"system": name, "name": NAMES[name]}
    for metric, statistic in statistics.items():
        found = bootstrap.interval(statistic, labels)
        row |= {
            metric: found.value,
            f"{metric}_low": _finite(found.low),
            f"{metric}_high": _finite(found.high),
        }
    return row | {
        "prompt_tokens": float(np.mean([case.prompt_tokens for case in table])),
        "answer_tokens": float(np.mean([case.answer_tokens for case in table])),
        "seconds": _finite(float(np.mean([case.seconds for case in table]))),
        "ended": float(np.mean([case.ended for case in table])),
    }


def _changes(
    statistics: Mapping[str, Mapping[str, Statistic]], labels: Sequence[str]
) -> dict[tuple[str, str, str], Difference]:
    """Each prompt against zero-shot, and the tuned model against each prompt, by metric."""
    prompts = [name for name in (FEW_SHOT, CHAIN_OF_THOUGHT) if name in statistics]
    pairs = [("base", name) for name in prompts]
    pairs += [(name, "tuned") for name in ("base", *prompts)]
    return {
        (before, after, metric): bootstrap.difference(
            statistics[before][metric], statistics[after][metric], labels
        )
        for before, after in pairs
        for metric in METRICS
    }


def _figures(change: Difference) -> dict[str, Any]:
    return {
        "value": change.value,
        "low": _finite(change.low),
        "high": _finite(change.high),
        "shown": change.is_shown,
    }


def _verdict(before: str, after: str, metric: str, change: Difference) -> str:
    digits = 3 if metric == "rougeL" else 2
    interval = (
        f"95 % interval {change.low:+.{digits}f} to {change.high:+.{digits}f}"
        if np.isfinite([change.low, change.high]).all()
        else "no interval, for all are in one group"
    )
    figures = (
        f"{change.after.value:.{digits}f} against {change.before.value:.{digits}f}, difference "
        f"{change.value:+.{digits}f}, {interval}, n = {change.n}"
    )
    first, second, label = NAMES[after], NAMES[before], METRICS[metric]
    if not change.is_shown:
        return f"No difference in {label} is shown between {first} and {second} ({figures})."
    better, worse = (first, second) if change.value > 0 else (second, first)
    return f"{better.capitalize()} is better than {worse} in {label} ({figures})."


def _where(tables: Mapping[str, Sequence[Case]]) -> list[dict[str, Any]]:
    """Mean ROUGE-L of each system by source and by thirds of the reference's length."""
    base = tables["base"]
    words = np.array([count_words(case.reference) for case in base])
    first, second = np.quantile(words, [1 / 3, 2 / 3])
    groups = {
        f"source: {source}": np.array([case.source == source for case in base])
        for source in sorted({case.source for case in base})
    }
    groups |= {
        f"references of up to {first:.0f} words": words <= first,
        f"references of up to {second:.0f} words": (words > first) & (words <= second),
        f"references of more than {second:.0f} words": words > second,
    }
    rows = []
    for name, chosen in groups.items():
        if chosen.sum() < LEAST_OF_GROUP:
            continue
        means = {
            system: float(np.mean([case.rouge_l for case in table], where=chosen))
            for system, table in tables.items()
        }
        best = max(means, key=lambda system: means[system])
        rows.append({"group": name, "n": int(chosen.sum()), "rougeL": means, "best": best})
    return rows


def _wins(tables: Mapping[str, Sequence[Case]]) -> dict[str, float]:
    """Share of the rows that each system wins by ROUGE-L; a tie is shared."""
    scores = np.array([[case.rouge_l for case in table] for table in tables.values()])
    is_best = scores == scores.max(axis=0)
    shares = (is_best / is_best.sum(axis=0)).mean(axis=1)
    return dict(zip(tables, shares.tolist(), strict=True))


def _costs(
    rows: Mapping[str, Mapping[str, Any]],
    training_seconds: float | None,
    without_mark: int | None,
) -> list[str]:
    base, tuned = rows["base"], rows["tuned"]
    said = []
    for name in (FEW_SHOT, CHAIN_OF_THOUGHT):
        if name not in rows:
            continue
        row = rows[name]
        cost = (
            f"{NAMES[name].capitalize()} reads {row['prompt_tokens']:.0f} tokens and writes "
            f"{row['answer_tokens']:.0f} an answer, zero-shot {base['prompt_tokens']:.0f} and "
            f"{base['answer_tokens']:.0f}"
        )
        if row["seconds"] and base["seconds"]:
            cost += f"; it takes {row['seconds'] / base['seconds']:.2f} times as long"
        said.append(f"{cost}.")
        said += _break_even(NAMES[name], row, tuned, training_seconds)
    if without_mark is not None and CHAIN_OF_THOUGHT in rows:
        said.append(
            f'{without_mark} answers of chain of thought had no line "Answer:" and were scored '
            "whole."
        )
    if base["seconds"] and tuned["seconds"]:
        said.append(
            f"The fine-tuned model reads the zero-shot prompt and takes "
            f"{tuned['seconds'] / base['seconds']:.2f} times as long as the base model, writing "
            f"{tuned['answer_tokens']:.0f} tokens an answer."
        )
    return said


def _fewer_examples(examples: float | None) -> list[str]:
    """A caution where few-shot prompts have fewer examples than their name says."""
    if examples is None or examples >= EXAMPLES:
        return []
    if examples == 0:
        return [
            "No example fitted into the model's window beside the tokens of the answer: few-shot "
            "is zero-shot here."
        ]
    return [
        f"A few-shot prompt has {examples:.1f} examples on average, of {EXAMPLES}: the others did "
        "not fit into the model's window, or there were no more rows."
    ]


def _break_even(
    name: str, row: Mapping[str, Any], tuned: Mapping[str, Any], training_seconds: float | None
) -> list[str]:
    """After how many answers tuning has cost less time than the longer prompt."""
    if training_seconds is None or not row["seconds"] or not tuned["seconds"]:
        return []
    saved = row["seconds"] - tuned["seconds"]
    if saved <= 0:
        return [f"In time alone, training never pays off against {name}."]
    return [
        f"Against {name}, {training_seconds:.0f} s of training are won back after "
        f"{training_seconds / saved:,.0f} answers."
    ]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
