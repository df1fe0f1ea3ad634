"""Which of a student's submissions counts, and when the next one may come."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.assess.results import MilestoneResult


class AttemptPolicy(BaseModel):
    """How often a milestone may be handed in, and which attempt counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    counts: Literal["best", "last"] = "best"
    """Best: the highest score once lateness is off. Last: the one handed in last."""
    most: int | None = Field(default=None, ge=1)
    """Most submissions a milestone that are graded; any number where this is null."""
    cooldown_hours: float = Field(default=0.0, ge=0, le=24 * 365)
    """Hours that must pass between two graded submissions of one milestone."""


class Attempt(BaseModel):
    """One graded submission.

    Attributes:
        submitted: when it was handed in, as it is given or as it was graded first.
        result: its newest grade, judgements included.
    """

    model_config = ConfigDict(frozen=True)

    submitted: datetime
    result: MilestoneResult


def counting_attempt(
    attempts: Sequence[Attempt],
    policy: AttemptPolicy,
    penalty: Callable[[Attempt], float] = lambda _: 0.0,
) -> Attempt | None:
    """The attempt that counts, whatever order they come in; None without any.

    Best compares the points that are certain, so that an attempt of which little could be graded
    does not win by the rest; of equals the earliest counts.

    Args:
        attempts: of one student at one milestone, one a submission.
        policy: the course's.
        penalty: points of 100 that an attempt's lateness costs.
    """
    ordered = sorted(attempts, key=lambda one: (one.submitted, one.result.submission_hash))
    if not ordered:
        return None
    if policy.counts == "last":
        return ordered[-1]

    def worth(one: Attempt) -> tuple[float, float]:
        result = one.result
        certain = result.score if result.lowest is None else result.lowest
        off = penalty(one)
        return max(0.0, (certain or 0.0) - off), max(0.0, (result.score or 0.0) - off)

    return max(ordered, key=worth)


def refused(former: Sequence[datetime], now: datetime, policy: AttemptPolicy) -> str:
    """Why another submission is not graded now; empty where it is.

    Args:
        former: when the student's other submissions of this milestone were handed in.
        now: when this one is.
        policy: the course's.
    """
    if policy.most is not None and len(former) >= policy.most:
        return f"All {policy.most} attempts at this milestone are used."
    if former and policy.cooldown_hours:
        again = max(former) + timedelta(hours=policy.cooldown_hours)
        if now < again:
            return (
                f"The next attempt at this milestone may be handed in from "
                f"{again:%Y-%m-%d %H:%M %Z}, {policy.cooldown_hours:g} hours after the last one."
            )
    return ""
