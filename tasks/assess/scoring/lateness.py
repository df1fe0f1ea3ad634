"""How late a submission is and what that costs; every rule is data in course.yaml."""

import math
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from tasks.assess.rubrics.levels import FULL, exact

DAY = timedelta(days=1)


class LatePolicy(BaseModel):
    """What lateness costs. Without a due date nothing is late."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    grace_days: int = Field(default=0, ge=0, le=365)
    """Late days that cost nothing, for each student over the whole course. The milestone that
    was due first uses them first."""
    grace_days_per_milestone: int | None = Field(default=None, ge=0, le=365)
    """Most grace days that one milestone may use; any number where this is null."""
    penalty_per_day: float = Field(default=0.0, ge=0, le=FULL)
    """Points of 100 taken off for every day begun beyond the grace days."""
    cap: float = Field(default=FULL, ge=0, le=FULL)
    """Most points that lateness takes off a milestone."""


class Lateness(BaseModel):
    """What lateness does to one milestone of one student.

    Attributes:
        days: begun after the due date, extension included.
        grace: of these, taken from the student's grace days.
        penalty: points of 100.
    """

    model_config = ConfigDict(frozen=True)

    days: int = 0
    grace: int = 0
    penalty: float = 0.0


def days_late(submitted: datetime | None, due: datetime | None) -> int:
    """Days begun since the due time: 0 at it, 1 a second later. Both times know their zone."""
    if submitted is None or due is None:
        return 0
    return max(0, math.ceil((submitted.astimezone(UTC) - due.astimezone(UTC)) / DAY))


def lateness(days: int, grace_left: int, policy: LatePolicy) -> Lateness:
    """What so many late days cost a student who has so many grace days left."""
    most = days if policy.grace_days_per_milestone is None else policy.grace_days_per_milestone
    grace = min(days, grace_left, most)
    penalty = min(policy.cap, (days - grace) * policy.penalty_per_day)
    return Lateness(days=days, grace=grace, penalty=exact(penalty))


def after_penalty(score: float | None, penalty: float) -> float | None:
    """A score with the penalty off, never below 0; None stays None."""
    return None if score is None else exact(max(0.0, score - penalty))
