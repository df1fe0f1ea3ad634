"""From two systems' answers to the files and the facts of their comparison."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.finetune.evaluation.answered import read_answered
from tasks.finetune.evaluation.compare import compare
from tasks.finetune.evaluation.report import write_report
from tasks.finetune.evaluation.score import score, write_scores
from tasks.finetune.evaluation.tables import examples, write_examples, write_results

FILES = {
    "scores": "scores.parquet",
    "results": "results.md",
    "examples": "evaluation_results.csv",
    "report": "evaluation.html",
}


def evaluate(
    answers: Path,
    rows: Iterable[dict[str, str]],
    clusters: Mapping[str, str],
    folder: Path,
    *,
    title: str,
    max_new_tokens: int,
    seed: int = 0,
    on_row: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Score the answers of base and tuned model, compare them, and write `FILES` into a folder.

    Args:
        answers: Parquet file of `answered.COLUMNS`; other systems in it are left out.
        rows: of the split that was answered.
        clusters: near-duplicate cluster of each row_id.
        folder: for the files.
        title: of the page: which model was tuned on what.
        max_new_tokens: that the answers were given.
        seed: of the resamples.
        on_row: called after each scored answer with the number done and of all.

    Returns:
        The facts of `compare.compare`.

    Raises:
        BadInput: as `answered.read_answered` does.
    """
    answered = read_answered(answers, rows)
    scores = score(answered, max_new_tokens, on_row)
    facts = compare(answered, scores, clusters, seed=seed)
    table = examples(answered, scores)
    write_scores(folder / FILES["scores"], scores)
    write_results(folder / FILES["results"], facts)
    write_examples(folder / FILES["examples"], table)
    write_report(folder / FILES["report"], title, facts, table)
    return facts
