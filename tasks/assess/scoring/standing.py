"""Where a student stands in each milestone, and the course grade that follows."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tasks.assess.results import MilestoneResult
from tasks.assess.rubrics.levels import FULL, Level, exact, level_of
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.attempts import Attempt, AttemptPolicy, counting_attempt
from tasks.assess.scoring.lateness import (
    Lateness,
    LatePolicy,
    after_penalty,
    days_late,
    lateness,
)


class State(StrEnum):
    """Whether there is anything to grade."""

    GRADED = "graded"
    NOT_HANDED_IN = "not handed in"
    NOT_DUE = "not due yet"


class Standing(BaseModel):
    """One student in one milestone, lateness taken off.

    Attributes:
        score: of 100; 0 where nothing was handed in in time, None where nothing is settled.
        lowest: the least that the score can become.
        highest: the most that it can become.
        attempts: submissions that were graded.
    """

    model_config = ConfigDict(frozen=True)

    student: str
    milestone: str
    state: State
    score: float | None
    lowest: float
    highest: float
    level: str
    provisional: bool
    lateness: Lateness = Lateness()
    due: datetime | None = None
    submitted: datetime | None = None
    attempts: int = 0
    result: MilestoneResult | None = None


class CourseGrade(BaseModel):
    """The grade of a course.

    Attributes:
        score: of 100: the weighted mean of the milestones that have a score; None without any.
        lowest: the grade if all that is open earned nothing.
        highest: the grade if all that is open earned everything.
        provisional: whether a milestone is not due, or provisional itself.
    """

    model_config = ConfigDict(frozen=True)

    student: str
    score: float | None
    lowest: float
    highest: float
    level: str
    provisional: bool
    standings: list[Standing]


def standings(
    student: str,
    rubrics: Sequence[Rubric],
    attempts: Mapping[str, Sequence[Attempt]],
    due: Mapping[str, datetime | None],
    now: datetime,
    late: LatePolicy,
    policy: AttemptPolicy,
) -> list[Standing]:
    """A student's standing in every milestone, in the order of `rubrics`.

    Grace days go to the milestone that was due first, and there to the attempt that counts.

    Args:
        student: as in the roster.
        rubrics: of the milestones.
        attempts: by the milestone's id, one a submission.
        due: by the milestone's id, the student's extension included.
        now: what is missing after its due time counts 0, before it it is open.
        late: the course's rules on lateness.
        policy: the course's rules on attempts.
    """
    by_due = sorted(
        rubrics,
        key=lambda rubric: (due.get(rubric.id) is None, due.get(rubric.id) or now, rubric.id),
    )
    grace_left = late.grace_days
    found = {}
    for rubric in by_due:
        standing = _standing(
            student, rubric, attempts.get(rubric.id, ()), due.get(rubric.id), now, late, policy,
            grace_left,
        )  # fmt: skip
        grace_left -= standing.lateness.grace
        found[rubric.id] = standing
    return [found[rubric.id] for rubric in rubrics]


def course_grade(
    student: str,
    found: Sequence[Standing],
    weights: Mapping[str, float],
    levels: Sequence[Level],
) -> CourseGrade:
    """The grade that the milestones give by their weights, of which only the ratios matter."""
    total = math.fsum(weights[one.milestone] for one in found)
    scored = [one for one in found if one.score is not None]
    share = math.fsum(weights[one.milestone] for one in scored)
    earned = math.fsum(weights[one.milestone] * (one.score or 0.0) for one in scored)
    score = exact(earned / share) if share else None
    low = math.fsum(weights[one.milestone] * one.lowest for one in found)
    high = math.fsum(weights[one.milestone] * one.highest for one in found)
    return CourseGrade(
        student=student,
        score=score,
        lowest=exact(low / total) if total else 0.0,
        highest=exact(high / total) if total else FULL,
        level="" if score is None else level_of(score, levels).name,
        provisional=any(one.provisional for one in found),
        standings=list(found),
    )


def _standing(
    student: str,
    rubric: Rubric,
    attempts: Sequence[Attempt],
    due: datetime | None,
    now: datetime,
    late: LatePolicy,
    policy: AttemptPolicy,
    grace_left: int,
) -> Standing:
    def cost(one: Attempt) -> Lateness:
        return lateness(days_late(one.submitted, due), grace_left, late)

    chosen = counting_attempt(attempts, policy, lambda one: cost(one).penalty)
    if chosen is None:
        return _without_submission(student, rubric, due, now)
    result, off = chosen.result, cost(chosen)
    score = after_penalty(result.score, off.penalty)
    lowest = after_penalty(0.0 if result.lowest is None else result.lowest, off.penalty)
    highest = after_penalty(FULL if result.highest is None else result.highest, off.penalty)
    return Standing(
        student=student,
        milestone=rubric.id,
        state=State.GRADED,
        score=score,
        lowest=lowest or 0.0,
        highest=highest or 0.0,
        level="" if score is None else level_of(score, rubric.levels).name,
        provisional=result.provisional,
        lateness=off,
        due=due,
        submitted=chosen.submitted,
        attempts=len(attempts),
        result=result,
    )


def _without_submission(
    student: str, rubric: Rubric, due: datetime | None, now: datetime
) -> Standing:
    missed = due is not None and now > due
    return Standing(
        student=student,
        milestone=rubric.id,
        state=State.NOT_HANDED_IN if missed else State.NOT_DUE,
        score=0.0 if missed else None,
        lowest=0.0,
        highest=0.0 if missed else FULL,
        level=level_of(0.0, rubric.levels).name if missed else "",
        provisional=not missed,
        due=due,
    )
