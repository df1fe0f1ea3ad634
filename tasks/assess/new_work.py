"""What of a class is to be graded: work that has no grade of its own yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.assess import grading
from tasks.assess.classroom import Classroom
from tasks.assess.course.roster import Student
from tasks.assess.course.submission_hash import submission_hash
from tasks.assess.results import MilestoneResult, Outcome
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.attempts import Attempt


@dataclass(frozen=True)
class Work:
    """One student's submission and the milestone that it is graded in.

    Attributes:
        anew: whether an earlier result in the cache does not count.
    """

    student: Student
    rubric: Rubric
    anew: bool = False


@dataclass
class NewWork:
    """What is to be graded, and what of the rest is to be said.

    Attributes:
        waiting: in the order of the students, milestone by milestone.
        held: grades that stay as they are.
        told: why work is left out, where that is not for the better.
    """

    waiting: list[Work] = field(default_factory=list)
    held: list[MilestoneResult] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def new_work(
    room: Classroom, rubrics: Sequence[Rubric], students: Sequence[Student], again: bool = False
) -> NewWork:
    """Sort the submissions of these students into those to grade and the rest.

    Work is graded once. A grader's error is tried again by itself, what could not be graded only
    where that is asked for: most of it would end in the same way. Another version of the grader
    grades work again only by a regrade.

    Args:
        again: grade what could not be graded once more.
    """
    found = NewWork()
    for student in students:
        if student.folder is None:
            found.told.append(f"{student.student} has handed in nothing.")
    for rubric in rubrics:
        attempts = room.gradebook.attempts([rubric])
        for student in students:
            if student.folder is not None:
                _sort_in(found, room, student, rubric, attempts, again)
        version = grading.grader_version(rubric)
        others = [
            one.student
            for one in found.held
            if one.milestone == rubric.id and one.grader_version != version
        ]
        if others:
            found.told.append(
                f"{rubric.id}: another version of the grader graded {', '.join(others)}; regrade "
                "shows who would change."
            )
    return found


def _sort_in(
    found: NewWork,
    room: Classroom,
    student: Student,
    rubric: Rubric,
    attempts: dict[tuple[str, str], list[Attempt]],
    again: bool,
) -> None:
    digest = submission_hash(student.folder)
    results = [one.result for one in attempts.get((student.student, rubric.id), [])]
    held = next((one for one in results if one.submission_hash == digest), None)
    if held is None:
        why = room.attempt_refused(student.student, rubric.id, digest, room.submitted(student))
        if why:
            found.told.append(f"{student.student}, {rubric.id}: {why}")
        else:
            found.waiting.append(Work(student, rubric))
        return
    outcomes = {criterion.outcome for criterion in held.criteria}
    if Outcome.GRADER_ERROR in outcomes or (again and Outcome.NOT_GRADABLE in outcomes):
        found.waiting.append(Work(student, rubric, anew=True))
        return
    found.held.append(held)
    if Outcome.NOT_GRADABLE in outcomes:
        found.told.append(
            f"{student.student}, {rubric.id}: could not be graded in full before; --refresh tries "
            "again."
        )
