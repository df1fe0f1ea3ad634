"""A milestone's assignment in Canvas, graded by its rubric."""

from typing import Any

from canvasapi.course import Course

from tasks.assess.canvas.plan import Change, differing
from tasks.assess.rubrics.levels import FULL
from tasks.assess.rubrics.rubric import Rubric


def assignment_name(rubric: Rubric) -> str:
    """ "Milestone 2: Computer Vision", or the title where it is no numbered milestone."""
    if rubric.milestone is None:
        return rubric.title
    return f"Milestone {rubric.milestone}: {rubric.title}"


def existing_assignments(course: Course) -> dict[str, dict[str, Any]]:
    """Canvas' assignments of a course by name; of several with one name the oldest."""
    found: dict[str, dict[str, Any]] = {}
    for one in sorted(course.get_assignments(), key=lambda held: held.id):
        settings = getattr(one, "rubric_settings", None) or {}
        facts = {
            "id": one.id,
            "name": one.name,
            "points_possible": float(one.points_possible or 0),
            "rubric_id": settings.get("id"),
            "rubric_grades": bool(getattr(one, "use_rubric_for_grading", False)),
        }
        found.setdefault(str(one.name), facts)
    return found


def change_of_assignment(
    course: Course,
    rubric: Rubric,
    assignments: dict[str, dict[str, Any]],
    rubrics: dict[str, dict[str, Any]],
) -> Change:
    """What makes a milestone's assignment what it should be.

    A new one is not published. Of one that is there only the points and the rubric are touched.
    The rubric shows the criteria and does not grade: its sum would replace a score after lateness.

    Args:
        assignments: of `existing_assignments`, kept up to date.
        rubrics: of `existing_rubrics`; the milestone's own may be made before this is applied.
    """
    name = assignment_name(rubric)
    there = assignments.get(name)
    known_rubric = rubrics.get(rubric.title)
    has_rubric = bool(there and known_rubric and str(there["rubric_id"]) == str(known_rubric["id"]))
    before = {}
    if there is not None:
        before["points"] = there["points_possible"]
        before["rubric"] = rubric.title if has_rubric else None
        before["rubric gives the grade"] = there["rubric_grades"]

    def apply() -> None:
        facts = _with_points(course, name, there)
        if not has_rubric or (there and there["rubric_grades"]):
            course.create_rubric_association(
                rubric_association={
                    "rubric_id": rubrics[rubric.title]["id"],
                    "association_id": facts["id"],
                    "association_type": "Assignment",
                    "use_for_grading": False,
                    "purpose": "grading",
                }
            )
        linked = {"rubric_id": rubrics[rubric.title]["id"], "rubric_grades": False}
        assignments[name] = facts | linked

    wanted = {"points": FULL, "rubric": rubric.title, "rubric gives the grade": False}
    return Change(f"Assignment '{name}'", differing(before, wanted), apply)


def _with_points(course: Course, name: str, there: dict[str, Any] | None) -> dict[str, Any]:
    if there is None:
        made = course.create_assignment(
            {
                "name": name,
                "points_possible": FULL,
                "grading_type": "points",
                "submission_types": ["none"],
                "published": False,
            }
        )
        return {"id": made.id, "name": name, "points_possible": FULL}
    if there["points_possible"] != FULL:
        course.get_assignment(there["id"]).edit(assignment={"points_possible": FULL})
    return there | {"points_possible": FULL}
