"""A milestone's grade in the format of Gradescope's results.json.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from typing import Any

from tasks.assess.exports.grades_csv import possible_range
from tasks.assess.results import CriterionResult, MilestoneResult, Outcome
from tasks.assess.rubrics.rubric import Rubric

# What Gradescope shows as a status; it marks a test without one by its score.
STATUSES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed"}


def results_json(result: MilestoneResult) -> dict[str, Any] | None:
    """The content of results.json; None where no criterion of the grader has a score.

    Criteria that a person scores are left to Gradescope's own rubric and count for nothing here.
    An open criterion counts with the points that are certain, and the output says so: Gradescope
    has no other way to show a score that is not final. Only sentences that a student may read are
    in it: those of criteria, never those of hidden probes.
    """
    graded = [one for one in result.criteria if not one.human]
    if not any(one.score is not None for one in graded):
        return None
    waiting = [one for one in graded if one.score is None]
    return {
        "score": round(sum(_certain(one) for one in graded), 2),
        "execution_time": round(result.seconds),
        "output": _said(result, waiting),
        "output_format": "text",
        "visibility": "after_published" if waiting else "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(number, one) for number, one in enumerate(graded, start=1)],
        "extra_data": {
            "grader_version": result.grader_version,
            "data_seed": result.data_seed,
            "provisional": bool(waiting),
        },
    }


def autograder_points(rubric: Rubric) -> float:
    """The points to enter as the assignment's autograder points: a person gives the rest."""
    return sum(one.points for one in rubric.criteria if not one.human)


def _test(number: int, criterion: CriterionResult) -> dict[str, Any]:
    test: dict[str, Any] = {
        "number": str(number),
        "name": criterion.title,
        "max_score": criterion.max_score,
        "output": "\n".join([f"Outcome: {criterion.outcome}.", *_lines(criterion)]),
        "output_format": "text",
        "tags": [criterion.criterion],
        "visibility": "visible",
    }
    if criterion.score is not None:
        test["score"] = round(criterion.score, 2)
    if criterion.outcome in STATUSES:
        test["status"] = STATUSES[criterion.outcome]
    return test


def _lines(criterion: CriterionResult) -> list[str]:
    return [*criterion.evidence, *(f"Next: {step}" for step in criterion.next_steps)]


def _certain(criterion: CriterionResult) -> float:
    return criterion.score if criterion.score is not None else criterion.lowest or 0.0


def _said(result: MilestoneResult, waiting: list[CriterionResult]) -> str:
    if waiting:
        named = "; ".join(f"{one.title} ({one.outcome})" for one in waiting)
        return (
            f"PROVISIONAL: open are {named}. The score shown holds only what is certain"
            f"{possible_range(result)}."
        )
    people = [one.title for one in result.criteria if one.human]
    if people:
        return f"Graded, except for what a person scores: {', '.join(people)}."
    return f"Graded: {result.level}."
