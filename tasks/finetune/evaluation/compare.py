"""Two systems on the same rows: every metric with its interval, and a verdict that it allows."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.finetune.evaluation.answered import BASE, TUNED, of_system
from tasks.finetune.evaluation.bleu import NLTK_SETTINGS, sacre_signature
from tasks.finetune.evaluation.bootstrap import (
    LEAST_CLUSTERS,
    RESAMPLES,
    Difference,
    Statistic,
    cluster_labels,
    difference,
    interval,
    paired_difference,
)
from tasks.finetune.evaluation.form import FORMAT, LABELS, STYLE, form
from tasks.finetune.evaluation.metrics import METRICS, Metric
from tasks.finetune.evaluation.summary import summarise
from tasks.finetune.evaluation.verdict import practical, verdict


def compare(
    answered: pd.DataFrame,
    scores: pd.DataFrame,
    clusters: Mapping[str, str],
    *,
    before: str = BASE,
    after: str = TUNED,
    n: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Compare two systems by `METRICS` and by the form of their answers.

    Args:
        answered: of `answered.read_answered`.
        scores: of `score.score` on it.
        clusters: the near-duplicate cluster of each row_id; a row in none is one by itself.
        before, after: names of the systems; called base and tuned in what is returned.
        n: number of resamples.
        seed: of the resamples.

    Returns:
        What JSON can hold, None for what there is not: n, clusters, resamples, seed, rows (see
        `_row`), form (see `_form`), truncated {base, tuned} shares of answers, summary (sentences),
        signature (sacreBLEU's), nltk (its settings). A metric that no row has is left out.
    """
    tables = [_joined(answered, scores, system) for system in (before, after)]
    labels = cluster_labels(tables[0]["row_id"].tolist(), clusters)
    found = [(metric, _difference(metric, tables, labels, n, seed)) for metric in METRICS]
    rows = [_row(metric, difference) for metric, difference in found if difference]
    facts = {
        "n": len(labels),
        "clusters": len(set(labels)),
        "resamples": n,
        "seed": seed,
        "rows": rows,
        "form": _form(tables, labels, n, seed),
        "truncated": {
            name: float(table["truncated"].mean())
            for name, table in zip((BASE, TUNED), tables, strict=True)
        },
        "signature": sacre_signature(),
        "nltk": NLTK_SETTINGS,
        "least_clusters": LEAST_CLUSTERS,
    }
    return facts | {"summary": summarise(facts)}


def _joined(answered: pd.DataFrame, scores: pd.DataFrame, system: str) -> pd.DataFrame:
    """One system's answers with their scores, in the order of the rows."""
    own = of_system(answered, system).drop(columns="ended")
    return own.merge(of_system(scores, system), on=["row_id", "system"], validate="1:1")


def _difference(
    metric: Metric, tables: list[pd.DataFrame], labels: list[str], n: int, seed: int
) -> Difference | None:
    """Of the rows that have what the metric needs in both systems; None where no row has."""
    usable = np.logical_and(*(np.isfinite(table[metric.needs].astype(float)) for table in tables))
    if not usable.any():
        return None
    statistics = [metric.statistic(table[usable]) for table in tables]
    kept = [label for label, is_usable in zip(labels, usable, strict=True) if is_usable]
    return difference(*statistics, kept, n, seed)


def _row(metric: Metric, found: Difference) -> dict[str, Any]:
    """A metric's row: figures, intervals, verdict, and whether the difference matters."""
    before, after = found.before, found.after
    direction = 1 if metric.higher_is_better else -1
    least = metric.least * abs(before.value) if metric.is_relative else metric.least
    return {
        "metric": metric.label,
        "key": metric.key,
        "base": _finite(before.value),
        "base_low": _finite(before.low),
        "base_high": _finite(before.high),
        "tuned": _finite(after.value),
        "tuned_low": _finite(after.low),
        "tuned_high": _finite(after.high),
        "difference": _finite(found.value),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "improvement_percent": (
            _finite(100 * direction * found.value / abs(before.value)) if before.value else None
        ),
        "higher_is_better": metric.higher_is_better,
        "verdict": verdict(found, metric.higher_is_better),
        "least": _finite(least),
        "practical": practical(found, least),
        "n": found.n,
        "clusters": found.clusters,
    }


def _form(tables: list[pd.DataFrame], labels: list[str], n: int, seed: int) -> list[dict[str, Any]]:
    """The form of both systems' answers beside that of the references.

    Each row: feature, label, group (format or style), reference, base, tuned, low and high of
    tuned - base, is_shown: whether they exclude 0, and is_nearer: whether the tuned answers are
    nearer to the references' form, None where the difference of the two distances does not show it.
    """
    references = _forms(tables[0]["reference"])
    before, after = (_forms(table["answer"]) for table in tables)
    rows = []
    for feature in (*FORMAT, *STYLE):
        found = paired_difference(before[feature], after[feature], labels, n, seed)
        expected = float(references[feature].mean())
        nearer = interval(
            _distance_gained(references[feature], before[feature], after[feature]), labels, n, seed
        )
        rows.append(
            {
                "feature": feature,
                "label": LABELS[feature],
                "group": "format" if feature in FORMAT else "style",
                "reference": expected,
                "base": found.before.value,
                "tuned": found.after.value,
                "low": _finite(found.low),
                "high": _finite(found.high),
                "is_shown": found.is_shown,
                "is_nearer": nearer.value < 0
                if found.is_shown and (nearer.low > 0 or nearer.high < 0)
                else None,
            }
        )
    return rows


def _distance_gained(reference: pd.Series, before: pd.Series, after: pd.Series) -> Statistic:
    """How much farther from the references' mean the mean after is than the one before."""
    terms = np.column_stack([reference, before, after, np.ones(len(reference))]).astype(float)

    def formula(sums: np.ndarray) -> np.ndarray:
        expected, earlier, later, count = sums.T
        return (abs(later - expected) - abs(earlier - expected)) / count

    return Statistic(terms, formula)


def _forms(texts: pd.Series) -> pd.DataFrame:
    return pd.DataFrame([form(text) for text in texts])


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
