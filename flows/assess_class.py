"""The flows of assessment: grade a class, grade it again, and see how it is doing."""

import os
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
from tasks.assess.config import Analyze, ClassCommand, Grade, PrepareData, Regrade
from tasks.assess.course.consent import students_with_consent
from tasks.assess.course.roster import Student
from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.gradebook.class_grades import attempt_refused
from tasks.assess.gradebook.gradebook import AlreadyGraded
from tasks.assess.gradebook.regrade import apply_regrade, plan_regrade
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


@flow(name="assess-data")
def prepare_data(config: PrepareData) -> RunOutcome:
    """Find every data set or fetch it."""
    folder = config.resolved_output_dir()
    run = Run(folder, folder / ".cache", config.refresh)
    names = config.datasets or list(datasets.DATASETS)
    found = {name: run.stage(stages.data, label=name, name=name, folder=None) for name in names}
    lines = [f"{name}: {result.figures['folder']}" for name, result in found.items()]
    return RunOutcome(lines=lines, folder=folder)


@flow(name="assess")
def grade_class(config: Grade) -> RunOutcome:
    """Grade who has handed in something new, keep the grades, and tell of the class."""
    room = Classroom.enter(config)
    rubric = room.course.rubric(config.milestone)
    run = Run(config.resolved_output_dir() / room.name, _store(config), config.refresh)
    run.warn(room.roster.warnings)
    waiting, told = to_grade(config, room, rubric)
    run.warn(told)
    say_forecast(config, room, rubric, len(waiting))
    results = graded(config, room, rubric, waiting, run)
    for student, result in zip(waiting, results, strict=True):
        try:
            room.gradebook.add_grade(result, room.submitted(student))
        except AlreadyGraded as error:
            run.warn([str(error)])
    verdict = verdict_of(results)
    stages.publish_grades(results, verdict)
    analysis = analysed(room, config.threshold)
    run.add("class", stages.publish_class(run.folder, analysis, room.course.name))
    run.record(
        flow="assess",
        command=command_for(f"{SCRIPT} {'run' if config.student else 'batch'}", config),
        config=config.model_dump(mode="json"),
        data=[{"class": room.name, "students": len(room.roster.students)}],
        metrics={
            "graded": len(results),
            "grader_version": grading.grader_version(rubric),
            "gradebook_head": room.gradebook.log.head(),
        },
    )
    lines = [line_of(result) for result in results]
    return RunOutcome(
        lines=[*lines, verdict, f"Class: {run.folder / 'class.html'}"], folder=run.folder
    )


def to_grade(config: Grade, room: Classroom, rubric: Rubric) -> tuple[list[Student], list[str]]:
    """Students whose work has no grade of this grader, and why others are left out."""
    version = grading.grader_version(rubric)
    waiting, told = [], []
    for student in room.students(config.student):
        if student.folder is None:
            told.append(f"{student.student} has handed in nothing.")
            continue
        digest = submission_hash(student.folder)
        held = room.gradebook.grade_of(student.student, rubric.id, digest, version)
        why = attempt_refused(
            room.course,
            room.gradebook,
            student.student,
            rubric.id,
            digest,
            room.submitted(student),
        )
        if why:
            told.append(f"{student.student}: {why}")
        elif held is None or config.refresh or config.student:
            waiting.append(student)
    return waiting, told


def graded(
    config: Grade, room: Classroom, rubric: Rubric, students: list[Student], run: Run
) -> list[MilestoneResult]:
    """The grades of these students, on the task runner that the environment names."""
    runner = task_runner(config.at_once or len(os.sched_getaffinity(0)))
    return each_student.with_options(task_runner=runner)(
        run.store,
        config.refresh,
        rubric,
        [asked(config, room, rubric, student, run) for student in students],
    )


@flow(name="assess-students", validate_parameters=False)
def each_student(
    store: Path, refresh: bool, rubric: Rubric, students: list[dict[str, Any]]
) -> list[MilestoneResult]:
    """One task a student; one that is lost with its machine is the grader's error."""
    started = [
        (asked, grade_one.submit(store, refresh, asked, asked["student"])) for asked in students
    ]
    results = []
    with publish.progress("grading", len(started), unit="student") as progress:
        for asked, future in started:
            results.append(kept(rubric, asked, future))
            progress(len(results))
    return results


def asked(
    config: Grade, room: Classroom, rubric: Rubric, student: Student, run: Run
) -> dict[str, Any]:
    """What the stage is given for one student."""
    digest = submission_hash(student.folder)
    return {
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
def grade_one(store: Path, refresh: bool, arguments: dict[str, Any], student: str) -> StageResult:
    """One student's grade, taken from the cache where it is there."""
    result, _ = stages.grade(store=store, refresh=refresh, **arguments)
    return result


def kept(
    rubric: Rubric, asked: dict[str, Any], future: PrefectFuture[StageResult]
) -> MilestoneResult:
    """The grade of a student, also where its task was lost."""
    try:
        return stages.result_of(future.result())
    except Exception as error:  # noqa: BLE001 — whatever it was, the other students are graded
        return grading.lost(
            asked["student"],
            Path(asked["submission"]),
            rubric,
            f"The grading was lost: {type(error).__name__}: {error}",
        )


def say_forecast(config: Grade, room: Classroom, rubric: Rubric, count: int) -> None:
    """What the batch will take, before it starts."""
    earlier = [one.seconds for one in room.results([rubric]) if one.seconds > 0]
    cores = config.at_once or len(os.sched_getaffinity(0))
    said = forecast(count, cores, earlier, ASSUMED_SECONDS).sentence()
    publish.markdown("forecast", said, said)
    get_run_logger().info(said)


@flow(name="assess-regrade")
def regrade_class(config: Regrade) -> RunOutcome:
    """Grade again what has a grade, show who changes, and replace the grades where asked."""
    room = Classroom.enter(config)
    rubrics = [room.course.rubric(config.milestone)] if config.milestone else room.course.rubrics()
    run = Run(config.resolved_output_dir() / room.name, _store(config), config.refresh)
    results = []
    for rubric in rubrics:
        attempts = room.gradebook.attempts([rubric])
        held = [
            student
            for student in room.students(config.student)
            if student.folder is not None and (student.student, rubric.id) in attempts
        ]
        again = [
            student
            for student in held
            if submission_hash(student.folder)
            in {one.result.submission_hash for one in attempts[student.student, rubric.id]}
        ]
        results += graded(config, room, rubric, again, run)
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
    if config.apply:
        applied = apply_regrade(room.gradebook, plan)
        lines += [verdict, f"{counted(applied, 'grade')} written."]
    else:
        lines += [verdict, "Nothing is changed yet: --apply replaces the grades."]
    return RunOutcome(lines=lines, folder=run.folder)


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


def verdict_of(results: list[MilestoneResult]) -> str:
    """One line: how many ended how."""
    counts = {outcome: 0 for outcome in Outcome}
    for one in results:
        counts[one.outcome] += 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f"{counted(len(results), 'submission')} graded: {told or 'nothing new'}."


def line_of(result: MilestoneResult) -> str:
    """One student for the terminal."""
    kind = "provisional" if result.provisional else "final"
    return (
        f"{result.student}: {_points(result.score)} {result.level or 'no level yet'} "
        f"({result.outcome}, {kind})"
    )


def check(config: Grade) -> None:
    """Refuse before Prefect starts what cannot be graded here.

    Raises:
        BadInput: there is no sandbox, or no such course, class, student or milestone.
    """
    room = Classroom.enter(config)
    if config.milestone is not None:
        room.course.rubric(config.milestone)
    room.students(config.student)
    reason = bubblewrap.missing()
    if reason and not config.unsafe_local:
        raise BadInput(
            f"{reason} Without it nothing holds the students' code back; --unsafe-local runs it "
            "all the same, as yourself."
        )


def _store(config: ClassCommand) -> Path:
    return config.resolved_output_dir() / ".cache"


def _points(score: float | None) -> str:
    return "-" if score is None else f"{score:.1f}"
