"""report, progress, struggling: what students and teachers read of the gradebook."""

from collections.abc import Callable

from tasks.assess.analytics.analysis import Analysis, analyse
from tasks.assess.analytics.wording import progress_lines, struggling_lines
from tasks.assess.classroom import Classroom
from tasks.assess.config import Analyze, Progress, Report, Struggling
from tasks.assess.pseudonyms import pseudonymous
from tasks.assess.reports.grade import Grade, Section
from tasks.assess.reports.page import write_report
from tasks.assess.reports.terminal import report_lines
from tasks.assess.sandbox.names import safe_name
from tasks.assess.scoring.standing import Standing, State
from tasks.errors import BadInput
from tasks.runs import Outcome


def report(config: Report) -> Outcome:
    """Write a student's report.

    Raises:
        BadInput: no milestone is named, or there is no such student.
    """
    if (config.milestone is None) == (not config.all_milestones):
        raise BadInput("Name one --milestone, or give --all-milestones.")
    room = Classroom.enter(config)
    student = room.roster.find(config.student)
    found = room.standings()[student.student]
    wanted = room.course.rubric(config.milestone).id if config.milestone else None
    shown_as = room.pseudonyms()[student.student] if config.pseudonymous else student.name
    sections = [
        _section(room, one, shown_as if config.pseudonymous else None)
        for one in found
        if wanted in (None, one.milestone)
    ]
    of_course = room.course_grade(student.student, found) if config.all_milestones else None
    grade = of_course and Grade(
        of_course.score,
        of_course.level,
        of_course.provisional,
        of_course.lowest,
        of_course.highest,
    )
    folder = config.resolved_output_dir() / room.name / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{safe_name(shown_as if config.pseudonymous else student.student)}.html"
    write_report(path, student=shown_as, course=room.course.name, sections=sections, grade=grade)
    return Outcome(lines=[*report_lines(shown_as, sections), f"Report: {path}"], folder=folder)


def progress(config: Progress) -> Outcome:
    """Where every student stands, and the class over time."""
    return _told(config, progress_lines)


def struggling(config: Struggling) -> Outcome:
    """Who is below the threshold, and where."""
    return _told(config, struggling_lines)


def _told(config: Analyze, lines: Callable[[Analysis], list[str]]) -> Outcome:
    room = Classroom.enter(config)
    results = room.class_results()
    if config.pseudonymous:
        results = results.without_names(room.pseudonyms(), room.names())
    analysis = analyse(results, threshold=config.threshold)
    return Outcome(lines=lines(analysis), folder=config.course_folder())


def _section(room: Classroom, standing: Standing, pseudonym: str | None) -> Section:
    rubric = room.course.rubric(standing.milestone)
    result = standing.result
    if result is not None and pseudonym is not None:
        names = room.names()[standing.student]
        result = pseudonymous(result, pseudonym, [name for name in names if name])
    grade = Grade(
        standing.score, standing.level, standing.provisional, standing.lowest, standing.highest
    )
    return Section(
        title=rubric.title if rubric.milestone is None else f"{rubric.milestone}. {rubric.title}",
        result=result,
        grade=grade if standing.state is State.GRADED else None,
        notes=tuple(_notes(standing)),
    )


def _notes(standing: Standing) -> list[str]:
    late = standing.lateness
    notes = []
    if standing.state is not State.GRADED:
        notes.append(f"{str(standing.state).capitalize()}.")
    if late.days:
        notes.append(
            f"{late.days} days late, of which {late.grace} are grace days; "
            f"{late.penalty:g} points are taken off."
        )
    if standing.attempts > 1:
        notes.append(f"{standing.attempts} submissions were graded.")
    return notes
