"""The Prefect tasks of assessment, one a stage."""

from pathlib import Path
from typing import Any

from prefect.tasks import exponential_backoff

from tasks import files, publish
from tasks.assess import datasets, grading
from tasks.assess.analytics import page, wording
from tasks.assess.analytics.analysis import Analysis
from tasks.assess.gradebook.regrade import RegradePlan
from tasks.assess.results import MilestoneResult
from tasks.assess.rubrics.rubric import Rubric
from tasks.caching import only_transient, stage
from tasks.pointers import StageResult
from tasks.text import plain


@stage(
    work=[datasets],
    name="data",
    task_run_name="data-{name}",
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
    retry_condition_fn=only_transient,
)
def data(*, name: str) -> StageResult:
    """Find a data set or fetch it, and check its sums."""
    folder = datasets.prepare(name)
    held = sorted(path for path in folder.iterdir() if path.is_file())
    return StageResult.of({path.name: path for path in held}, {"folder": str(folder)})


@stage(work=[grading], name="grade", task_run_name="grade-{student}")
def grade(
    *,
    student: str,
    submission: str,
    submission_hash: str,
    rubric: dict[str, Any],
    grader_version: str,
    data_seed: int,
    unsafe_local: bool,
    file: str,
    folder: Path,
) -> StageResult:
    """Grade one submission; `file` is the result's name in the folder."""
    del submission_hash, grader_version  # count in the cache's key
    result = grading.grade_submission(
        student,
        Path(submission),
        Rubric.model_validate(rubric),
        data_seed=data_seed,
        unsafe_local=unsafe_local,
    )
    written = {"result": folder / file}
    files.write_text(written["result"], result.model_dump_json(indent=2) + "\n")
    return StageResult.of(written, {"score": result.score, "outcome": result.outcome})


def publish_data(lines: list[str]) -> None:
    """Where each data set is, on the run page."""
    publish.markdown(
        "data",
        "\n".join(f"- {plain(line)}" for line in lines),
        f"Data sets that are here, their sums checked: {len(lines)}.",
    )


def result_of(graded: StageResult) -> MilestoneResult:
    """The grade that a stage wrote."""
    return MilestoneResult.model_validate_json(graded.path("result").read_text(encoding="utf-8"))


def publish_grades(results: list[MilestoneResult], verdict: str) -> None:
    """One row a student on the run page."""
    rows = [
        {
            "student": one.student,
            "milestone": one.milestone,
            "score": one.score,
            "level": one.level,
            "outcome": str(one.outcome),
            "provisional": one.provisional,
            "seconds": one.seconds,
            "open": "; ".join(c.title for c in one.criteria if c.score is None),
        }
        for one in results
    ]
    publish.table("grades", rows, verdict)


def publish_class(folder: Path, analysis: Analysis, course: str) -> StageResult:
    """How the class is doing: as a page, and on the run page."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = page.draw(folder, analysis)
    written = {"class": folder / "class.html"} | {path.stem: path for path in pictures.values()}
    page.write_html(written["class"], analysis, pictures, course=course)
    verdict = wording.verdict(analysis)
    publish.markdown("class", page.markdown(analysis), verdict)
    publish.pictures("class", pictures, verdict)
    return StageResult.of(written, {"verdict": verdict})


def publish_regrade(plan: RegradePlan, verdict: str) -> None:
    """Who changes, on the run page."""
    rows = [
        change.model_dump(mode="json", exclude={"criteria", "submission_hash"})
        | {
            "criteria": "; ".join(
                f"{one.criterion}: {one.before} to {one.after}" for one in change.criteria
            )
        }
        for change in plan.changes
    ]
    publish.table("regrade", rows, verdict)
