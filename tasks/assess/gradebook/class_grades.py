"""Where a whole class stands, and whether somebody's next attempt is graded now."""

from datetime import datetime

from tasks.assess.course.roster import Roster, Student
from tasks.assess.course.settings import Course
from tasks.assess.gradebook.gradebook import Gradebook
from tasks.assess.scoring.attempts import Attempt, refused
from tasks.assess.scoring.standing import CourseGrade, course_grade, standings


def class_grades(
    course: Course, roster: Roster, gradebook: Gradebook, now: datetime
) -> list[CourseGrade]:
    """The course grade of every student, in the order of the roster, as of `now`."""
    attempts = gradebook.attempts(course.rubrics())
    return [_grade(course, student, attempts, now) for student in roster.students]


def attempt_refused(
    course: Course,
    gradebook: Gradebook,
    student: str,
    milestone: str,
    submission_hash: str,
    submitted: datetime,
) -> str:
    """Why a submission is not graded now; empty where it is, as for work that was graded before."""
    former = gradebook.attempts([course.rubric(milestone)], student).get((student, milestone), [])
    if any(one.result.submission_hash == submission_hash for one in former):
        return ""
    return refused([one.submitted for one in former], submitted, course.attempts)


def _grade(
    course: Course,
    student: Student,
    attempts: dict[tuple[str, str], list[Attempt]],
    now: datetime,
) -> CourseGrade:
    rubrics = course.rubrics()
    found = standings(
        student.student,
        rubrics,
        {one.id: attempts.get((student.student, one.id), []) for one in rubrics},
        {one.id: course.due(one.id, student.student, student.extension) for one in rubrics},
        now,
        course.late,
        course.attempts,
    )
    return course_grade(student.student, found, course.weights(), rubrics[0].levels)
