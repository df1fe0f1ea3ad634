"""The Prefect tasks of an iteration."""

import json
from pathlib import Path

from tasks import files, publish
from tasks.caching import stage
from tasks.finetune import slices
from tasks.finetune.iteration import compare as comparing
from tasks.finetune.iteration import repair as repairing
from tasks.finetune.iteration.compare import Evaluated
from tasks.finetune.understanding import analysis
from tasks.finetune.understanding.errors.low_scoring import Bounds
from tasks.pointers import FilePointer, StageResult


@stage(work=[repairing], name="repair")
def repair(
    *,
    name: str,
    train: FilePointer,
    most: int | None,
    failures: list[dict[str, str]],
    held_out: list[dict[str, str]],
    clusters: FilePointer,
    more: FilePointer | None,
    folder: Path,
) -> StageResult:
    """Change the training rows; the file keeps the name of the split."""
    repaired = repairing.repair(
        name,
        repairing.Material(
            train=slices.rows_of(train.path, most),
            failures=failures,
            held_out=held_out,
            clusters=json.loads(clusters.path.read_text(encoding="utf-8")),
            more=slices.json_lines(more.path) if more else (),
        ),
    )
    written = {"train": folder / "splits" / "train.jsonl"}
    written["train"].parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in repaired.rows)
    files.write_text(written["train"], text)
    return StageResult.of(written, repaired.figures)


@stage(work=[analysis], name="failures")
def failures(
    *,
    train: FilePointer,
    val: FilePointer,
    answers_val: FilePointer,
    clusters: FilePointer,
    most: dict[str, int | None],
    max_new_tokens: int,
    bounds: dict[str, float],
    folder: Path,
) -> StageResult:
    """Sort the answers to validation rows that scored low. `bounds`: of the run before."""
    facts = analysis.validation_failures(
        slices.rows_of(train.path, most["train"]),
        slices.rows_of(val.path, most["val"]),
        answers_val.path,
        json.loads(clusters.path.read_text(encoding="utf-8")),
        max_new_tokens,
        Bounds(**bounds),
    )
    written = {"failures": folder / "failures_val.json"}
    files.write_json(written["failures"], facts)
    return StageResult.of(written, {"classes": facts["classes"], "n_low": facts["n_low"]})


@stage(work=[comparing], name="compare")
def compare(
    *,
    before: StageResult,
    after: StageResult,
    test: FilePointer,
    most: int | None,
    clusters: FilePointer,
    decides: str,
    seed: int,
    folder: Path,
) -> StageResult:
    """The tuned model before and after the change, on the same test questions."""
    facts = comparing.compare(
        *(Evaluated(run.path("answers"), run.path("scores")) for run in (before, after)),
        slices.rows_of(test.path, most),
        json.loads(clusters.path.read_text(encoding="utf-8")),
        decides=decides,
        seed=seed,
    )
    written = {"comparison": folder / "comparison.json"}
    files.write_json(written["comparison"], facts)
    publish.table("comparison", facts["rows"], f"The change {facts['verdict']}.")
    return StageResult.of(written, facts)


def publish_retrospective(file: Path, lesson: str) -> None:
    """What was tried and what came of it, on the run page."""
    publish.markdown("retrospective", file.read_text(encoding="utf-8"), lesson)
