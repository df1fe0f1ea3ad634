"""Everything that is read out of the answers of one run: failures, prompts, overfitting."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from tasks import files
from tasks.finetune.evaluation.answered import read_answered
from tasks.finetune.evaluation.score import read_scores, score
from tasks.finetune.training.checklist import checklist
from tasks.finetune.training.memorised import memorised
from tasks.finetune.understanding import report
from tasks.finetune.understanding.cases import Case, join
from tasks.finetune.understanding.errors import plot as errors_plot
from tasks.finetune.understanding.errors.analyse import analyse as analyse_errors
from tasks.finetune.understanding.errors.low_scoring import Bounds
from tasks.finetune.understanding.errors.overrides import Override
from tasks.finetune.understanding.errors.training_text import TrainingText
from tasks.finetune.understanding.prompting import compare as prompting
from tasks.finetune.understanding.prompting import plot as prompting_plot
from tasks.finetune.understanding.prompting.prompts import (
    CHAIN_OF_THOUGHT,
    FEW_SHOT,
    THINKING_TOKENS,
)

PICTURES = ("error_analysis", "baseline_comparison")
SplitRow = dict[str, str]


@dataclass(frozen=True)
class Answered:
    """Files of one run: the answers of base and tuned model to test and validation rows, the
    scores of those to the test rows, and the base model's answers to other prompts."""

    answers: Path
    scores: Path
    answers_val: Path
    answers_prompted: Path


@dataclass(frozen=True)
class Found:
    """What was read out of the answers.

    Attributes:
        errors: facts of the tuned model's failures on the test rows.
        errors_val: the same of validation, by which a change may be chosen.
        baselines: facts of prompting against tuning.
        checklist: of overfitting.
        memorised: answers that repeat training text.
        tuned: the tuned model's answers to the test rows.
    """

    errors: dict[str, Any]
    errors_val: dict[str, Any]
    baselines: dict[str, Any]
    checklist: list[dict[str, Any]]
    memorised: dict[str, Any]
    tuned: dict[str, Case]

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        facts = asdict(self)
        del facts["tuned"]
        return facts


def analyse(
    rows: Mapping[str, Sequence[SplitRow]],
    clusters: Mapping[str, str],
    answered: Answered,
    training: Mapping[str, Any],
    overrides: Mapping[str, Override],
    *,
    without_mark: int,
    examples: float,
    max_new_tokens: int,
) -> Found:
    """Read the answers of a run.

    Args:
        rows: train, val and test, as they were trained on and answered.
        clusters: row id to near-duplicate group.
        answered: files of the run.
        training: facts of the training.
        overrides: a person's verdicts on failures of the test rows.
        without_mark: thoughts without a marked answer.
        examples: mean number in a few-shot prompt.
        max_new_tokens: that answers were given.

    Raises:
        BadInput: an answer is missing.
    """
    known = TrainingText(rows["train"])
    scores_val = score(read_answered(answered.answers_val, rows["val"]), max_new_tokens)
    prompted = read_answered(answered.answers_prompted, rows["test"], (FEW_SHOT, CHAIN_OF_THOUGHT))
    scores = pd.concat(
        [read_scores(answered.scores), score(prompted, max_new_tokens + THINKING_TOKENS)]
    )
    said = [*_rows(answered.answers), *_rows(answered.answers_prompted)]
    cases = join(rows["test"], said, scores.to_dict("records"))
    cases_val = join(rows["val"], _rows(answered.answers_val), scores_val.to_dict("records"))
    copied = memorised(
        _texts(cases["tuned"]),
        _texts(cases["base"]),
        {row["row_id"]: row["output"] for row in rows["train"]},
    )
    return Found(
        errors=analyse_errors(cases["tuned"], cases["base"], known, overrides, clusters),
        errors_val=analyse_errors(cases_val["tuned"], cases_val["base"], known, clusters=clusters),
        baselines=prompting.compare(cases, clusters, training["seconds"], without_mark, examples),
        checklist=checklist(
            dict(training), copied, _means(cases_val["tuned"]), _means(cases["tuned"])
        ),
        memorised=copied,
        tuned=cases["tuned"],
    )


def validation_failures(
    train_rows: Sequence[SplitRow],
    val_rows: Sequence[SplitRow],
    answers_val: Path,
    clusters: Mapping[str, str],
    max_new_tokens: int,
    bounds: Bounds,
) -> dict[str, Any]:
    """Facts of the tuned model's failures on validation, by the bounds of the run before."""
    scores = score(read_answered(answers_val, val_rows), max_new_tokens)
    cases = join(val_rows, _rows(answers_val), scores.to_dict("records"))
    known = TrainingText(train_rows)
    return analyse_errors(cases["tuned"], cases["base"], known, clusters=clusters, bounds=bounds)


def write(folder: Path, title: str, found: Found, forgetting: Mapping[str, Any]) -> dict[str, Path]:
    """Write the page, its pictures and the figures; name to file."""
    written = {name: folder / f"{name}.png" for name in PICTURES}
    written |= {"analysis": folder / "analysis.html", "analysis_json": folder / "analysis.json"}
    errors_plot.plot(written["error_analysis"], found.errors, found.tuned)
    prompting_plot.plot(written["baseline_comparison"], found.baselines)
    pictures = {"errors": written["error_analysis"], "baselines": written["baseline_comparison"]}
    report.write_report(
        written["analysis"], title, found.errors, forgetting, found.baselines, pictures
    )
    files.write_json(written["analysis_json"], found.facts())
    return written


def _rows(file: Path) -> list[dict[str, Any]]:
    return pq.read_table(file).to_pylist()


def _texts(cases: Mapping[str, Case]) -> dict[str, str]:
    return {row_id: case.answer for row_id, case in cases.items()}


def _means(cases: Mapping[str, Case]) -> dict[str, float]:
    table = pd.DataFrame(
        [{"ROUGE-L": case.rouge_l, "key facts": case.key_facts} for case in cases.values()]
    ).astype(float)
    return {name: float(value) for name, value in table.mean().items() if value == value}
