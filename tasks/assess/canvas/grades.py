"""Students' grades in Canvas, criterion by criterion."""

from collections.abc import Iterable, Mapping
from typing import Any

from canvasapi.course import Course
from canvasapi.submission import Submission

from tasks.assess.canvas.assignments import assignment_name
from tasks.assess.canvas.plan import Change, Plan, differing
from tasks.assess.exports.grades_csv import said_of_total
from tasks.assess.results import CriterionResult, MilestoneResult
from tasks.assess.rubrics.levels import shown
from tasks.assess.rubrics.rubric import Rubric

# Canvas keeps a comment of any length; nobody reads one.
LONGEST_COMMENT = 1500
# How Canvas may know a student, the surest first.
IDENTITIES = ("sis_user_id", "login_id", "email", "id")


def canvas_students(course: Course) -> dict[str, int]:
    """Canvas' user ids of a course's students by whatever names them, in lower case.

    What names two of them names none.
    """
    named: dict[str, set[int]] = {}
    for user in course.get_users(enrollment_type=["student"]):
        for attribute in IDENTITIES:
            name = str(getattr(user, attribute, None) or "").strip().lower()
            if name:
                named.setdefault(name, set()).add(user.id)
    return {name: ids.copy().pop() for name, ids in named.items() if len(ids) == 1}


def plan_grades(
    plan: Plan,
    course: Course,
    rubric: Rubric,
    results: Iterable[MilestoneResult],
    *,
    students: Mapping[str, int],
    assignments: Mapping[str, dict[str, Any]],
    rubrics: Mapping[str, dict[str, Any]],
    final_scores: Mapping[str, float],
    with_provisional: bool,
) -> None:
    """Put into a plan what differs between these grades of one milestone and Canvas'.

    Args:
        students: of `canvas_students`.
        assignments: by name; the milestone's own may be made before the plan is applied.
        rubrics: by title; likewise.
        final_scores: student to the score after lateness, where that differs.
        with_provisional: send provisional grades too, said to be so.
    """
    name = assignment_name(rubric)
    there = assignments.get(name)
    held = {} if there is None else _held(course, there["id"])
    for result in sorted(results, key=lambda one: one.student):
        user = students.get(result.student.lower())
        reason = _why_not(result, user, with_provisional)
        if reason:
            plan.left_out.append(f"{result.student}, {name}: {reason}.")
            continue
        score = shown(final_scores.get(result.student, result.score or 0.0), 2)
        criteria = rubrics.get(rubric.title, {}).get("data", [])
        before = _graded(held.get(user, {}), criteria, result)
        wanted = {"grade": score} | _points(result)
        change = differing(before, wanted)

        def apply(
            user: int | None = user, result: MilestoneResult = result, score: float = score
        ) -> None:
            # Made here rather than asked for: one request a student instead of three.
            Submission(
                course._requester,
                {
                    "course_id": course.id,
                    "assignment_id": assignments[name]["id"],
                    "user_id": user,
                },
            ).edit(
                submission={"posted_grade": f"{score:g}"},
                rubric_assessment=_assessment(result, rubrics[rubric.title]["data"]),
                comment={"text_comment": _comment(result, score)},
            )

        plan.add(Change(f"Grade of {result.student} in '{name}'", change, apply))


def _why_not(result: MilestoneResult, user: int | None, with_provisional: bool) -> str:
    if user is None:
        return "Canvas has no student of this name (SIS id, login, e-mail or id) in the course"
    if result.score is None:
        return f"there is no score ({result.outcome})"
    if result.provisional and not with_provisional:
        return "the grade is provisional"
    return ""


def _held(course: Course, assignment: int) -> dict[int, dict[str, Any]]:
    """Canvas' submissions of an assignment by user id."""
    submissions = course.get_assignment(assignment).get_submissions(
        include=["rubric_assessment"], per_page=100
    )
    return {
        one.user_id: {
            "score": getattr(one, "score", None),
            "assessment": getattr(one, "rubric_assessment", None) or {},
        }
        for one in submissions
    }


def _graded(
    held: dict[str, Any], criteria: list[dict[str, Any]], result: MilestoneResult
) -> dict[str, Any]:
    """What Canvas has, named as in what it should have."""
    before = {"grade": held.get("score")}
    names = {one.get("id"): one.get("description") for one in criteria}
    for criterion_id, given in held.get("assessment", {}).items():
        if names.get(criterion_id) is not None and given.get("points") is not None:
            before[str(names[criterion_id])] = float(given["points"])
    return before


def _points(result: MilestoneResult) -> dict[str, float]:
    return {one.title: round(one.score, 2) for one in result.criteria if one.score is not None}


def _assessment(result: MilestoneResult, criteria: list[dict[str, Any]]) -> dict[str, Any]:
    """Canvas' rubric_assessment, keyed by its own criterion ids; open criteria are left out."""
    ids = {one.get("description"): one.get("id") for one in criteria}
    return {
        str(ids[one.title]): {"points": round(one.score, 2), "comments": _evidence(one)}
        for one in result.criteria
        if one.score is not None and ids.get(one.title)
    }


def _evidence(criterion: CriterionResult) -> str:
    """What the student may read of a criterion: never the hidden probes' own sentences."""
    lines = [*criterion.evidence, *(f"Next: {step}" for step in criterion.next_steps)]
    return "\n".join(lines)[:LONGEST_COMMENT]


def _comment(result: MilestoneResult, score: float) -> str:
    late = (
        ""
        if result.score is None or shown(result.score, 2) == score
        else (f" Before lateness it was {shown(result.score, 2):g}.")
    )
    return f"{score:g} of 100. {said_of_total(result)}{late}"
