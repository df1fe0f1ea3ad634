"""Did the change help: the tuned model before and after it, on the same test questions.

The change was chosen by failures of validation, so that the test questions had no part in it.
One metric is named beforehand as the one that decides; of several that are looked at afterwards
one would seem to have moved by chance.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tasks.errors import BadInput
from tasks.finetune.evaluation.bootstrap import (
    RESAMPLES,
    Statistic,
    cluster_labels,
    difference,
    mean,
)

TUNED = "tuned"
DECIDES = "rougeL"
SCORES = ("rouge1", "rouge2", "rougeL", "key_facts", "ended")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Metric:
    """A figure of rows: which rows have it, and what is summed over them."""

    name: str
    statistic: Callable[[Sequence[Row]], Statistic]
    has_it: Callable[[Row], bool]
    higher_is_better: bool


def compare(
    before: tuple[Path, Path],
    after: tuple[Path, Path],
    clusters: Mapping[str, str],
    *,
    decides: str = DECIDES,
    n: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Paired 95 % intervals of after minus before, clustered by near-duplicates.

    Args:
        before: `scores.parquet` and `answers.parquet` of the run that is to be improved.
        after: the same of the run with the change.
        clusters: row_id to cluster.
        decides: the metric by which `verdict` judges.
        n: resamples.
        seed: of the draws.

    Returns:
        JSON-able: n, clusters, decides, verdict ("helped", "helped, at a cost", "did not help",
        "harmed"), worse (metrics that are shown to be worse), rows [{metric, before, after,
        difference, low, high, n, clusters, higher_is_better, verdict}]. Figures that do not
        exist are None.

    Raises:
        BadInput: the two runs did not answer the same questions, or `decides` is no metric.
    """
    old, new = _tuned_rows(*before), _tuned_rows(*after)
    if old.keys() != new.keys():
        only = len(old.keys() ^ new.keys())
        raise BadInput(
            f"{before[0]} and {after[0]} are not of the same questions ({only} are in one alone): "
            "compare runs that were tested on the same rows"
        )
    metrics = _metrics()
    if decides not in [metric.name for metric in metrics]:
        names = ", ".join(metric.name for metric in metrics)
        raise BadInput(f"{decides!r} is no metric that could decide: choose one of {names}")
    rows = [
        _compared(metric, [(old[key], new[key]) for key in sorted(old)], clusters, n, seed)
        for metric in metrics
    ]
    return {
        "n": len(old),
        "clusters": len(set(cluster_labels(sorted(old), clusters))),
        "decides": decides,
        "verdict": verdict(rows, decides),
        "worse": [row["metric"] for row in rows if row["verdict"] == "worse"],
        "rows": rows,
    }


def verdict(rows: Sequence[Row], decides: str) -> str:
    """What the intervals say of the change as a whole."""
    by_name = {row["metric"]: row["verdict"] for row in rows}
    if by_name[decides] == "worse":
        return "harmed"
    if by_name[decides] != "improved":
        return "did not help"
    return "helped, at a cost" if "worse" in by_name.values() else "helped"


def _metrics() -> list[_Metric]:
    scores = [
        _Metric(name, _mean_of(name), lambda row, name=name: _is_finite(row[name]), True)
        for name in SCORES
    ]
    perplexity = _Metric(
        "perplexity",
        _perplexity,
        lambda row: _is_finite(row["nll"]) and row["nll_tokens"] > 0,
        higher_is_better=False,
    )
    return [*scores, perplexity]


def _mean_of(name: str) -> Callable[[Sequence[Row]], Statistic]:
    return lambda rows: mean([float(row[name]) for row in rows])


def _perplexity(rows: Sequence[Row]) -> Statistic:
    """exp(sum of -log p / tokens) over the tokens of the reference answers."""
    terms = np.array([[row["nll"], row["nll_tokens"]] for row in rows], float)
    return Statistic(terms, lambda sums: np.exp(sums[:, 0] / sums[:, 1]))


def _compared(
    metric: _Metric,
    pairs: Sequence[tuple[Row, Row]],
    clusters: Mapping[str, str],
    n: int,
    seed: int,
) -> dict[str, Any]:
    pairs = [pair for pair in pairs if metric.has_it(pair[0]) and metric.has_it(pair[1])]
    told = {"metric": metric.name, "higher_is_better": metric.higher_is_better, "n": len(pairs)}
    if not pairs:
        nothing = dict.fromkeys(("before", "after", "difference", "low", "high"))
        return told | nothing | {"clusters": 0, "verdict": "not measured"}
    labels = cluster_labels([old["row_id"] for old, _ in pairs], clusters)
    old = metric.statistic([row for row, _ in pairs])
    new = metric.statistic([row for _, row in pairs])
    found = difference(old, new, labels, n, seed)
    better = (found.value > 0) == metric.higher_is_better
    shown = "improved" if better else "worse"
    return told | {
        "before": _json(found.before.value),
        "after": _json(found.after.value),
        "difference": _json(found.value),
        "low": _json(found.low),
        "high": _json(found.high),
        "clusters": found.clusters,
        "verdict": shown if found.is_shown else "no difference shown",
    }


def _tuned_rows(scores: Path, answers: Path) -> dict[str, dict[str, Any]]:
    """The tuned model's scores with -log p of the references, by row_id."""
    columns = ["row_id", "system", *SCORES]
    scored = _read(scores, columns)
    losses = _read(answers, ["row_id", "system", "nll", "nll_tokens"])
    found = {row["row_id"]: row for row in scored if row["system"] == TUNED}
    for row in losses:
        if row["system"] == TUNED and row["row_id"] in found:
            found[row["row_id"]] |= {"nll": row["nll"], "nll_tokens": row["nll_tokens"]}
    if not found:
        raise BadInput(f"{scores} has no answers of a tuned model: evaluate the run first")
    if any("nll" not in row for row in found.values()):
        raise BadInput(f"{answers} lacks rows that {scores} has: evaluate the run again")
    return found


def _read(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    try:
        return pq.read_table(path, columns=columns).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0][:120]
        raise BadInput(f"{path} cannot be read ({reason}): evaluate the run again") from None


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
