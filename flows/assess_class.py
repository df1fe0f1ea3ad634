"""The flows of assessment: grade a class, grade it again, and see how it is doing."""

import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture

from tasks import publish
from tasks.assess import datasets, grading, stages
from tasks.assess.analytics.analysis import Analysis, analyse
from tasks.assess.analytics.forecast import forecast
from tasks.assess.analytics.wording import analysis_lines, counted
from tasks.assess.classroom import Classroom
from tasks.assess.config import Analyze, ClassCommand, Grade, GradeOne, PrepareData, Regrade
from tasks.assess.course.consent import students_with_consent
from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.gradebook.gradebook import AlreadyGraded
from tasks.assess.gradebook.log import Entry
from tasks.assess.gradebook.regrade import apply_regrade, plan_regrade
from tasks.assess.new_work import Work, new_work
from tasks.assess.results import MilestoneResult, Outcome
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.sandbox import bubblewrap
from tasks.assess.sandbox.names import safe_name
from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.pointers import StageResult
from tasks.runners import task_runner
from tasks.runs import Outcome as RunOutcome
from tasks.runs import Run

SCRIPT = "flows/assess.py"
# Of a first forecast; later ones use what was measured.
ASSUMED_SECONDS = 40.0
Keep = Callable[[MilestoneResult, datetime], Entry]


@flow(name="assess-data")
def prepare_data(config: PrepareData) -> RunOutcome:
    """Find every data set or fetch it."""
    folder = config.resolved_output_dir()
    run = Run(folder, folder / ".cache", config.refresh)
    names = config.datasets or list(datasets.DATASETS)
    lines = []
    for name in names:
        result, _ = stages.data(store=run.store, refresh=config.refresh, name=name)
        lines.append(f"{name}: {run.add(name, result).figures['folder']}")
    stages.publish_data(lines)
    return RunOutcome(lines=lines, folder=folder)


@flow(name="assess")
def grade_class(config: Grade) -> RunOutcome:
    """Grade what is new, keep the grades, and tell of the class."""
    check(config)
    room = Classroom.enter(config)
    rubrics = rubrics_of(config, room)
    run = Run(config.resolved_output_dir() / room.name, _store(config), config.refresh)
    run.warn(room.warnings())
    again = config.refresh or isinstance(config, GradeOne)
    found = new_work(room, rubrics, room.students(config.student), again)
    run.warn(found.told)
    say_forecast(config, room, found.waiting)
    results = graded(config, room, found.waiting, run, keep=room.gradebook.add_grade)
    verdict = verdict_of(results, len(found.held))
    stages.publish_grades(results, verdict)
    analysis = analysed(room, config.threshold)
    run.add("class", stages.publish_class(run.folder, analysis, room.course.name))
    run.record(
        flow="assess",
        command=command_for(
            f"{SCRIPT} {'run' if isinstance(config, GradeOne) else 'batch'}", config
        ),
        config=config.model_dump(mode="json"),
        data=[{"class": room.name, "students": len(room.roster.students)}],
        metrics={
            "graded": len(results),
            "grader_versions": {one.id: grading.grader_version(one) for one in rubrics},
            "gradebook_head": room.gradebook.log.head(),
        },
    )
    shown = [*results, *(found.held if config.student else [])]
    lines = [line_of(result) for result in shown]
    return RunOutcome(
        lines=[*lines, verdict, f"Class: {run.folder / 'class.html'}"], folder=run.folder
    )


def rubrics_of(config: Grade, room: Classroom) -> list[Rubric]:
    """Of the milestone that is named, or of all that are active."""
    return [room.course.rubric(config.milestone)] if config.milestone else room.course.rubrics()


def graded(
    config: Grade, room: Classroom, work: list[Work], run: Run, keep: Keep | None = None
) -> list[MilestoneResult]:
    """The grades of this work, on the task runner that the environment names."""
    if not work:
        return []
    runner = task_runner(config.at_once or len(os.sched_getaffinity(0)))
    handed_in = [room.submitted(one.student) for one in work]
    return each_student.with_options(task_runner=runner)(
        run.store,
        [asked(config, room, one, run) for one in work],
        keep and [partial(keep, submitted=moment) for moment in handed_in],
    )


@flow(name="assess-students", validate_parameters=False)
def each_student(
    store: Path,
    asked: list[dict[str, Any]],
    keep: list[Callable[[MilestoneResult], Entry]] | None,
) -> list[MilestoneResult]:
    """One task a student and milestone; one that is lost with its machine is the grader's error.

    Each grade is kept as soon as it is there, so that a batch that is killed loses none.
    """
    started = [grade_one.submit(store, one, one["student"]) for one in asked]
    results = []
    with publish.progress("grading", len(started), unit="student") as progress:
        for number, future in enumerate(started):
            result = result_or_error(asked[number], future)
            if keep:
                result = as_kept(result, keep[number])
            results.append(result)
            progress(len(results))
    return results


def asked(config: Grade, room: Classroom, work: Work, run: Run) -> dict[str, Any]:
    """What the stage is given for one student and milestone."""
    student, rubric = work.student, work.rubric
    digest = submission_hash(student.folder)
    return {
        "refresh": config.refresh or work.anew,
        "student": student.student,
        "submission": str(student.folder.resolve()),
        "submission_hash": digest,
        "rubric": rubric.model_dump(mode="json"),
        "grader_version": grading.grader_version(rubric),
        "data_seed": room.key.data_seed(student.student, rubric.id, digest),
        "unsafe_local": config.unsafe_local,
        "file": f"{rubric.id}.json",
        "folder": run.folder / "students" / safe_name(student.student),
    }


@task(name="student", task_run_name="student-{student}", cache_policy=NO_CACHE)
def grade_one(store: Path, asked: dict[str, Any], student: str) -> StageResult:
    """One student's grade in one milestone, taken from the cache where it is there."""
    result, _ = stages.grade(store=store, **asked)
    return result


def result_or_error(asked: dict[str, Any], future: PrefectFuture[StageResult]) -> MilestoneResult:
    """The grade of a student, also where its task was lost."""
    try:
        return stages.result_of(future.result())
    except Exception as error:  # noqa: BLE001 — whatever it was, the other students are graded
        return grading.lost(
            asked["student"],
            Path(asked["submission"]),
            Rubric.model_validate(asked["rubric"]),
            f"The grading was lost: {type(error).__name__}: {error}",
        )


def as_kept(result: MilestoneResult, keep: Callable[[MilestoneResult], Entry]) -> MilestoneResult:
    """The grade that the gradebook has now: an earlier one of the same work stays."""
    try:
        return MilestoneResult.model_validate_json(keep(result).content)
    except AlreadyGraded as error:
        get_run_logger().warning(str(error))
        return result


def say_forecast(config: Grade, room: Classroom, work: list[Work]) -> None:
    """What the batch will take, before it starts."""
    cores = config.at_once or len(os.sched_getaffinity(0))
    rubrics = {one.rubric.id: one.rubric for one in work}
    said = []
    for rubric in rubrics.values():
        earlier = [one.seconds for one in room.results([rubric]) if one.seconds > 0]
        count = sum(one.rubric.id == rubric.id for one in work)
        told = forecast(count, cores, earlier, ASSUMED_SECONDS).sentence()
        said.append(f"{rubric.title}: {told}")
    text = "\n\n".join(said) or "Nothing new to grade."
    publish.markdown("forecast", text, " ".join(said) or text)
    for line in said or [text]:
        get_run_logger().info(line)


@flow(name="assess-regrade")
def regrade_class(config: Regrade) -> RunOutcome:
    """Grade again what has a grade, show who changes, and replace the grades where asked."""
    check(config)
    room = Classroom.enter(config)
    rubrics = rubrics_of(config, room)
    run = Run(config.resolved_output_dir() / room.name, _store(config), config.refresh)
    work = graded_work(config, room, rubrics)
    say_forecast(config, room, work)
    results = graded(config, room, work, run)
    plan = plan_regrade(room.gradebook, rubrics, results)
    verdict = (
        f"{counted(len(plan.changes), 'grade changes', 'grades change')}, "
        f"{plan.unchanged} stay as they are."
    )
    stages.publish_regrade(plan, verdict)
    lines = [
        f"{one.student}, {one.milestone}: {_points(one.before)} ({one.level_before}) to "
        f"{_points(one.after)} ({one.level_after})"
        for one in plan.changes
    ]
    lines += [f"{one}: the new grading was lost; the grade stays as it is." for one in plan.lost]
    if config.apply:
        applied = apply_regrade(room.gradebook, plan)
        lines += [verdict, f"{counted(applied, 'grade')} written."]
    else:
        lines += [verdict, "Nothing is changed yet: --apply replaces the grades."]
    return RunOutcome(lines=lines, folder=run.folder)


def graded_work(config: Regrade, room: Classroom, rubrics: list[Rubric]) -> list[Work]:
    """Submissions that lie in the class as they were when they were graded."""
    found = []
    for rubric in rubrics:
        attempts = room.gradebook.attempts([rubric])
        for student in room.students(config.student):
            held = attempts.get((student.student, rubric.id), [])
            hashes = {one.result.submission_hash for one in held}
            if student.folder is not None and submission_hash(student.folder) in hashes:
                found.append(Work(student, rubric))
    return found


@flow(name="assess-analyze")
def analyze(config: Analyze) -> RunOutcome:
    """How the class is doing, as a page and on the run page."""
    room = Classroom.enter(config)
    run = Run(config.resolved_output_dir() / room.name, _store(config), config.refresh)
    analysis = analysed(room, config.threshold, config.pseudonymous)
    run.add("class", stages.publish_class(run.folder, analysis, room.course.name))
    return RunOutcome(
        lines=[*analysis_lines(analysis), f"Class: {run.folder / 'class.html'}"],
        folder=run.folder,
    )


def analysed(room: Classroom, threshold: float, pseudonymous: bool = False) -> Analysis:
    """The class, with names or under pseudonyms."""
    results = room.class_results()
    consenting = students_with_consent(room.course.folder, room.roster)
    if pseudonymous:
        others = room.pseudonyms()
        results = results.without_names(others, room.names())
        consenting = {others[student] for student in consenting}
    return analyse(results, threshold=threshold, consenting=consenting)


def verdict_of(results: list[MilestoneResult], held: int) -> str:
    """One line: how many ended how, and how many had a grade before."""
    counts = {outcome: 0 for outcome in Outcome}
    for one in results:
        counts[one.outcome] += 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    before = f" {held} had a grade before." if held else ""
    return f"{counted(len(results), 'submission')} graded: {told or 'nothing new'}.{before}"


def line_of(result: MilestoneResult) -> str:
    """One student for the terminal."""
    kind = "provisional" if result.provisional else "final"
    return (
        f"{result.student}, {result.milestone}: {_points(result.score)} "
        f"{result.level or 'no level yet'} ({result.outcome}, {kind})"
    )


def check(config: Grade) -> None:
    """Refuse before Prefect starts what cannot be graded here.

    Raises:
        BadInput: there is no sandbox, a data set is missing, or there is no such course, class,
            student or milestone.
    """
    room = Classroom.enter(config)
    rubrics = rubrics_of(config, room)
    room.students(config.student)
    reason = bubblewrap.missing()
    if reason and not config.unsafe_local:
        raise BadInput(
            f"{reason} Without it nothing holds the students' code back; --unsafe-local runs it "
            "all the same, as yourself."
        )
    for name in {name for rubric in rubrics for name in grading.datasets_of(rubric)}:
        datasets.located(name)


def check_class(config: ClassCommand) -> None:
    """Refuse before Prefect starts.

    Raises:
        BadInput: there is no such course or class.
    """
    Classroom.enter(config)


def check_datasets(config: PrepareData) -> None:
    """Refuse before Prefect starts.

    Raises:
        BadInput: there is no such data set.
    """
    unknown = [name for name in config.datasets if name not in datasets.DATASETS]
    if unknown:
        raise BadInput(
            f"--datasets: there is no data set '{unknown[0]}'; there are "
            f"{', '.join(datasets.DATASETS)}."
        )


def _store(config: ClassCommand) -> Path:
    return config.resolved_output_dir() / ".cache"


def _points(score: float | None) -> str:
    return "-" if score is None else f"{score:.1f}"
