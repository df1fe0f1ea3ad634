"""Did the change help: the tuned model before and after it, on the same test questions.

The change was chosen by failures of validation, so that the test questions had no part in it.
One metric is named beforehand as the one that decides; of several that are looked at afterwards
one would seem to have moved by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.errors import BadInput
from tasks.finetune.evaluation import compare as evaluation
from tasks.finetune.evaluation.answered import TUNED, of_system, read_answered
from tasks.finetune.evaluation.bootstrap import RESAMPLES
from tasks.finetune.evaluation.metrics import METRICS
from tasks.finetune.evaluation.score import read_scores
from tasks.finetune.evaluation.verdict import IMPROVED, WORSE

BEFORE, AFTER = "before", "after"
DECIDES = "rougeL"
_KEPT = ("key", "metric", "difference", "low", "high", "n", "higher_is_better", "verdict")


@dataclass(frozen=True)
class Evaluated:
    """What a run's evaluation left: `answers.parquet` and `scores.parquet`."""

    answers: Path
    scores: Path


def compare(
    before: Evaluated,
    after: Evaluated,
    rows: Sequence[dict[str, str]],
    clusters: Mapping[str, str],
    *,
    decides: str = DECIDES,
    n: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Paired 95 % intervals of after minus before, clustered by near-duplicates.

    Args:
        before: the run that is to be improved.
        after: the run with the change.
        rows: of the test split, which both must have answered.
        clusters: row_id to cluster.
        decides: key of the metric (`evaluation.metrics`) by which `verdict` judges.
        n: resamples.
        seed: of the draws.

    Returns:
        JSON-able: n, clusters, decides, verdict ("helped", "helped, at a cost",
        "was not shown to help", "harmed"), is_enough (whether there are clusters enough for
        anything to be called shown), worse (metrics that are shown to be worse), rows [{key,
        metric, before, after, difference, low, high, n, higher_is_better, verdict, practical}].
        Figures that do not exist are None.

    Raises:
        BadInput: a run did not answer these questions, or `decides` is no metric.
    """
    refuse_unknown_metric(decides)
    tables = [_tuned(run, rows, name) for run, name in ((before, BEFORE), (after, AFTER))]
    answered, scores = (pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True))
    facts = evaluation.compare(
        answered, scores, clusters, before=BEFORE, after=AFTER, n=n, seed=seed
    )
    compared = [
        {key: row[key] for key in (*_KEPT, "practical")}
        | {"before": row["base"], "after": row["tuned"]}
        for row in facts["rows"]
    ]
    if decides not in [row["key"] for row in compared]:
        raise BadInput(f"{decides} was measured in neither run: let another metric decide")
    return {
        "n": facts["n"],
        "clusters": facts["clusters"],
        "is_enough": facts["clusters"] >= facts["least_clusters"],
        "decides": decides,
        "verdict": verdict(compared, decides),
        "worse": [row["metric"] for row in compared if row["verdict"] == WORSE],
        "rows": compared,
    }


def refuse_unknown_metric(decides: str) -> None:
    """
    Raises:
        BadInput: there is no metric of this key.
    """
    keys = [metric.key for metric in METRICS]
    if decides not in keys:
        raise BadInput(
            f"{decides!r} is no metric that could decide: choose one of {', '.join(keys)}"
        )


def verdict(rows: Sequence[Mapping[str, Any]], decides: str) -> str:
    """What the intervals say of the change as a whole."""
    by_key = {row["key"]: row["verdict"] for row in rows}
    if by_key[decides] == WORSE:
        return "harmed"
    if by_key[decides] != IMPROVED:
        return "was not shown to help"
    return "helped, at a cost" if WORSE in by_key.values() else "helped"


def _tuned(
    run: Evaluated, rows: Sequence[dict[str, str]], name: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tuned model's answers and scores, as those of a system of this name."""
    answered = read_answered(run.answers, rows, (TUNED,))
    try:
        scores = of_system(read_scores(run.scores), TUNED)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0][:120]
        raise BadInput(f"{run.scores} cannot be read ({reason}): evaluate the run again") from None
    if set(scores["row_id"]) != set(answered["row_id"]):
        raise BadInput(
            f"{run.scores} and {run.answers} are not of the same rows: evaluate the run again"
        )
    return answered.assign(system=name), scores.assign(system=name)
