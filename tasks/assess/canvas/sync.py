"""Plans what brings a Canvas course in line with our rubrics and grades."""

from collections.abc import Iterable, Mapping, Sequence

from canvasapi import Canvas
from canvasapi.course import Course

from tasks.assess.canvas.assignments import change_of_assignment, existing_assignments
from tasks.assess.canvas.connection import told_plainly
from tasks.assess.canvas.grades import canvas_students, plan_grades
from tasks.assess.canvas.plan import Plan
from tasks.assess.canvas.rubrics import change_of_rubric, existing_rubrics
from tasks.assess.results import MilestoneResult
from tasks.assess.rubrics.rubric import Rubric


def open_course(canvas: Canvas, course_id: int) -> Course:
    """The course with this id in Canvas.

    Raises:
        BadInput: the id, the token or its rights are wrong.
        StageFailed: Canvas cannot be reached.
    """
    with told_plainly():
        return canvas.get_course(course_id)


def plan_rubrics(course: Course, rubrics: Sequence[Rubric]) -> Plan:
    """What has to change in Canvas so that it has these rubrics.

    Raises:
        BadInput: the token's rights are wrong.
        StageFailed: Canvas cannot be reached or refuses.
    """
    plan = Plan()
    with told_plainly():
        known = existing_rubrics(course)
        for rubric in rubrics:
            plan.add(change_of_rubric(course, rubric, known))
    return plan


def plan_sync(
    course: Course,
    rubrics: Sequence[Rubric],
    results: Iterable[MilestoneResult],
    *,
    identities: Mapping[str, str] | None = None,
    final_scores: Mapping[tuple[str, str], float] | None = None,
    with_provisional: bool = False,
) -> Plan:
    """What has to change in Canvas so that it has these rubrics, assignments and grades.

    Args:
        rubrics: of the milestones; results of others are left alone.
        results: one a student and milestone.
        identities: student to SIS id, login or e-mail, where the name in the course is none.
        final_scores: (student, milestone) to the score after lateness, where that differs.
        with_provisional: send provisional grades too.

    Raises:
        BadInput: the token's rights are wrong.
        StageFailed: Canvas cannot be reached or refuses.
    """
    results = list(results)
    plan = Plan()
    with told_plainly():
        known_rubrics = existing_rubrics(course)
        known_assignments = existing_assignments(course)
        users = canvas_students(course)
        for student, identity in (identities or {}).items():
            if identity.lower() in users:
                users[student.lower()] = users[identity.lower()]
        for rubric in rubrics:
            plan.add(change_of_rubric(course, rubric, known_rubrics))
            plan.add(change_of_assignment(course, rubric, known_assignments, known_rubrics))
        for rubric in rubrics:
            plan_grades(
                plan,
                course,
                rubric,
                [one for one in results if one.milestone == rubric.id],
                students=users,
                assignments=known_assignments,
                rubrics=known_rubrics,
                final_scores={
                    student: score
                    for (student, milestone), score in (final_scores or {}).items()
                    if milestone == rubric.id
                },
                with_provisional=with_provisional,
            )
    return plan


def apply_plan(plan: Plan) -> int:
    """Carry a plan out.

    Returns:
        how many changes were made.

    Raises:
        BadInput: the token's rights are wrong.
        StageFailed: Canvas stopped answering; what is done stays, and a new plan lacks it.
    """
    with told_plainly():
        return plan.apply()
