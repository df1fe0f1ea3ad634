"""export, sync-canvas, upload-rubrics: grades and rubrics to where others read them."""

from collections.abc import Mapping
from pathlib import Path

from tasks.assess.canvas.assignments import assignment_name
from tasks.assess.canvas.connection import connect, told_plainly
from tasks.assess.canvas.plan import Plan
from tasks.assess.canvas.sync import apply_plan, open_course, plan_rubrics, plan_sync
from tasks.assess.classroom import Classroom
from tasks.assess.config import ClassCommand, Export, SyncCanvas, UploadRubrics
from tasks.assess.course.settings import Course, read_course
from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.exports.canvas_gradebook import (
    heading,
    read_canvas_export,
    recognised,
    write_gradebook,
)
from tasks.assess.exports.grades_csv import write_grades
from tasks.assess.exports.gradescope.autograder_zip import write_autograder
from tasks.assess.exports.gradescope.results_json import autograder_points
from tasks.assess.exports.gradescope.rubric_csv import write_rubric
from tasks.assess.results import MilestoneResult
from tasks.assess.rubrics.levels import shown
from tasks.assess.rubrics.rubric import Rubric
from tasks.errors import BadInput
from tasks.runs import Outcome


def export(config: Export) -> Outcome:
    """Write the grades that count."""
    room = Classroom.enter(config)
    folder = _folder(config, room.name)
    if config.platform == "csv":
        path = folder / "grades.csv"
        rows = write_grades(path, room.results())
        return Outcome(lines=[f"{rows} rows: {path}"], folder=folder)
    if config.platform == "canvas":
        return _canvas_csv(room, config, folder)
    return _gradescope(room, folder)


def sync_canvas(config: SyncCanvas) -> Outcome:
    """Show what differs in Canvas, and change it unless it is a dry run."""
    room = Classroom.enter(config)
    finals = {
        (one.student, one.milestone): one.score
        for found in room.standings().values()
        for one in found
        if one.score is not None
    }
    with told_plainly():
        course = open_course(connect(), _course_id(config.course_id, room.course))
        plan = plan_sync(
            course,
            room.course.rubrics(),
            room.results(),
            identities={one.student: one.email for one in room.roster.students if one.email},
            final_scores=finals,
            with_provisional=config.with_provisional,
        )
        return _planned(plan, config.dry_run, config.course_folder())


def upload_rubrics(config: UploadRubrics) -> Outcome:
    """Bring the rubrics of the course to a platform."""
    course = read_course(config.course_folder())
    if config.platform == "gradescope":
        folder = _folder(config, "rubrics")
        paths = [folder / f"{rubric.id}.csv" for rubric in course.rubrics()]
        for rubric, path in zip(course.rubrics(), paths, strict=True):
            write_rubric(path, rubric)
        lines = [f"Gradescope takes no rubrics by itself: type them from {p}" for p in paths]
        return Outcome(lines=lines, folder=folder)
    with told_plainly():
        there = open_course(connect(), _course_id(config.course_id, course))
        plan = plan_rubrics(there, course.rubrics())
        return _planned(plan, config.dry_run, config.course_folder())


def _planned(plan: Plan, dry_run: bool, folder: Path) -> Outcome:
    lines = plan.lines()
    if dry_run:
        return Outcome(lines=[*lines, "Nothing was changed (--dry-run)."], folder=folder)
    return Outcome(lines=[*lines, f"{apply_plan(plan)} changes made."], folder=folder)


def _canvas_csv(room: Classroom, config: Export, folder: Path) -> Outcome:
    """Grades after lateness, under the ids of Canvas' own export where one is given."""
    held, columns = read_canvas_export(config.canvas_export) if config.canvas_export else ([], [])
    names = {one.student: [one.email] for one in room.roster.students}
    students = recognised(held, names)
    path = folder / "canvas.csv"
    count = write_gradebook(
        path,
        room.results_after_lateness(),
        titles={one.id: heading(assignment_name(one), columns) for one in room.course.rubrics()},
        students=students,
        with_provisional=config.with_provisional,
    )
    lines = [f"{count} grades: {path}"]
    unknown = sorted(names.keys() - students.keys())
    if config.canvas_export and unknown:
        lines.append(f"Not in {config.canvas_export}: {', '.join(unknown)}.")
    return Outcome(lines=lines, folder=folder)


def _gradescope(room: Classroom, folder: Path) -> Outcome:
    submissions = {one.student: one.folder for one in room.roster.students if one.folder}
    lines = []
    for rubric in room.course.rubrics():
        results = _of_what_lies_there(room, rubric, submissions)
        if not results:
            continue
        path = folder / f"gradescope-{rubric.id}.zip"
        packed = write_autograder(path, results, submissions)
        write_rubric(folder / f"gradescope-{rubric.id}.csv", rubric)
        missing = sorted({*submissions} - {*packed.graded})
        left_out = f", without {', '.join(missing)}" if missing else ""
        lines.append(f"{len(packed.graded)} grades{left_out}: {path}")
        lines += [
            f"  the same files with different grades, to be entered by hand: {', '.join(group)}"
            for group in packed.alike
        ]
        lines.append(f"  autograder points of the assignment: {shown(autograder_points(rubric))}")
    lines.append("Gradescope has no public interface: upload the zip as the autograder.")
    return Outcome(lines=lines, folder=folder)


def _of_what_lies_there(
    room: Classroom, rubric: Rubric, submissions: Mapping[str, Path]
) -> list[MilestoneResult]:
    """The grades of exactly the files that lie in the class, whichever attempt counts."""
    hashes = {student: submission_hash(folder) for student, folder in submissions.items()}
    return [
        attempt.result
        for (student, _), attempts in room.gradebook.attempts([rubric]).items()
        for attempt in attempts
        if attempt.result.submission_hash == hashes.get(student)
    ]


def _course_id(given: int | None, course: Course) -> int:
    found = given or course.canvas.course_id
    if found is None:
        raise BadInput("Which course in Canvas: give --course-id, or canvas.course_id in the file.")
    return found


def _folder(config: ClassCommand | UploadRubrics, name: str) -> Path:
    folder = config.resolved_output_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
