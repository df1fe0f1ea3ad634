"""How the class moves on: who has completed what by when, and what further attempts bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from tasks.assess.analytics.class_results import Attempt, ClassResults, Milestone
from tasks.assess.analytics.intervals import Interval, mean_interval
from tasks.assess.rubrics.levels import FULL


@dataclass(frozen=True)
class MilestoneProgress:
    """One milestone over time. Provisional scores count as they stood then.

    Attributes:
        attempts: graded submissions.
        students: who handed in at all.
        again: who handed in more than once.
        gain: mean of the last score less the first one of these; None without any.
        gain_interval: 95 %, Student's t; None where all gained the same.
        reached: when each student first had the score that completes it, the earliest first.
    """

    milestone: Milestone
    attempts: int
    students: int
    again: int
    gain: float | None
    gain_interval: Interval | None
    reached: tuple[datetime, ...]


def progress(results: ClassResults) -> list[MilestoneProgress]:
    """Progress in every milestone, in the course's order."""
    return [
        _milestone(milestone, [one for one in results.history if one.milestone == milestone.id])
        for milestone in results.milestones
    ]


def _milestone(milestone: Milestone, attempts: Sequence[Attempt]) -> MilestoneProgress:
    by_student: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_student.setdefault(attempt.student, []).append(attempt)
    gains, reached = [], []
    for own in by_student.values():
        scored = [(one.score, one.time) for one in own if one.score is not None]
        if len(scored) > 1:
            gains.append(scored[-1][0] - scored[0][0])
        first = next((time for score, time in scored if score >= milestone.pass_mark), None)
        if first is not None:
            reached.append(first)
    return MilestoneProgress(
        milestone=milestone,
        attempts=len(attempts),
        students=len(by_student),
        again=len(gains),
        gain=fmean(gains) if gains else None,
        gain_interval=mean_interval(gains, -FULL, FULL),
        reached=tuple(sorted(reached)),
    )
