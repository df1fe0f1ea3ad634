"""A course's rubrics in Canvas."""

import html
import json
from typing import Any

from canvasapi.course import Course

from tasks.assess.canvas.plan import Change, differing
from tasks.assess.rubrics.rubric import Rubric


def indexed(items: list[Any]) -> dict[str, Any]:
    """A list as the index-keyed hash that Canvas takes: an array would lose its order there."""
    return {str(index): item for index, item in enumerate(items)}


def payload(rubric: Rubric) -> dict[str, Any]:
    """The `rubric` parameter of Canvas' rubrics API."""
    return {
        "title": rubric.title,
        "free_form_criterion_comments": False,
        "criteria": indexed(
            [
                {
                    "description": criterion.title,
                    "long_description": criterion.asks,
                    "points": criterion.points,
                    "criterion_use_range": True,
                    "ratings": indexed(
                        [
                            {"description": level, "points": points}
                            for level, points in rubric.ratings(criterion)
                        ]
                    ),
                }
                for criterion in rubric.criteria
            ]
        ),
    }


def existing_rubrics(course: Course) -> dict[str, dict[str, Any]]:
    """Canvas' rubrics of a course by title; of several with one title the oldest.

    A rubric of its API has `id`, `title`, and `data`, a list of criteria with `id`.
    """
    found: dict[str, dict[str, Any]] = {}
    for rubric in sorted(course.get_rubrics(), key=lambda one: one.id):
        facts = {
            "id": rubric.id,
            "title": rubric.title,
            "data": getattr(rubric, "data", None) or getattr(rubric, "criteria", None) or [],
        }
        found.setdefault(str(rubric.title), facts)
    return found


def change_of_rubric(course: Course, rubric: Rubric, known: dict[str, dict[str, Any]]) -> Change:
    """What makes Canvas' rubric this one. `known` (of `existing_rubrics`) is kept up to date."""
    there = known.get(rubric.title)
    before = {} if there is None else _told(there)
    differences = differing(before, _wanted(rubric))
    gone = tuple((part, held, None) for part, held in before.items() if part not in _wanted(rubric))

    def apply() -> None:
        known[rubric.title] = _send(course, rubric, there)

    return Change(f"Rubric '{rubric.title}'", differences + gone, apply)


def _send(course: Course, rubric: Rubric, there: dict[str, Any] | None) -> dict[str, Any]:
    if there is None:
        made = course.create_rubric(
            rubric=payload(rubric),
            rubric_association={
                "association_id": course.id,
                "association_type": "Course",
                "purpose": "bookmark",
            },
        )["rubric"]
        facts = {"id": made.id, "title": made.title}
        return facts | {"data": getattr(made, "data", None) or made.criteria}
    sent = payload(rubric)
    ids = {one.get("description"): one.get("id") for one in there["data"]}
    for criterion in sent["criteria"].values():
        if ids.get(criterion["description"]):
            criterion["id"] = ids[criterion["description"]]  # else assessments lose their criterion
    # canvasapi has no method for a rubric's update.
    answer = course._requester.request(
        "PUT",
        f"courses/{course.id}/rubrics/{there['id']}",
        _kwargs=_flat("rubric", sent),
    ).json()
    facts = answer.get("rubric", answer)
    return {
        "id": facts["id"],
        "title": facts["title"],
        "data": facts.get("data") or facts.get("criteria") or [],
    }


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    """Form fields as Canvas reads them: rubric[criteria][0][points]."""
    if isinstance(value, dict):
        return [pair for key, held in value.items() for pair in _flat(f"{name}[{key}]", held)]
    return [(name, value)]


def _wanted(rubric: Rubric) -> dict[str, str]:
    return {
        f"{number}. {one.title}": _line(one.points, one.asks, rubric.ratings(one))
        for number, one in enumerate(rubric.criteria, start=1)
    }


def _told(there: dict[str, Any]) -> dict[str, str]:
    return {
        f"{number}. {one.get('description')}": _line(
            float(one.get("points") or 0),
            # Canvas may give its text back with HTML entities.
            html.unescape(str(one.get("long_description") or "")),
            [
                (str(rating.get("description")), float(rating.get("points") or 0))
                for rating in sorted(
                    one.get("ratings") or [], key=lambda r: -float(r.get("points") or 0)
                )
            ],
        )
        for number, one in enumerate(there["data"], start=1)
    }


def _line(points: float, asks: str, ratings: list[tuple[str, float]]) -> str:
    levels = ", ".join(f"{name} {held:g}" for name, held in ratings)
    return f"{points:g} points; {levels}; {json.dumps(asks, ensure_ascii=False)}"
