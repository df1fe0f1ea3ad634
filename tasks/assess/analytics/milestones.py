"""Completion, average and levels of each milestone."""

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, median

from tasks.assess.analytics.class_results import ClassResults, Milestone, State
from tasks.assess.analytics.intervals import Interval, mean_interval, share_interval
from tasks.assess.rubrics.levels import FULL


@dataclass(frozen=True)
class MilestoneFigures:
    """Figures of one milestone.

    Attributes:
        expected: students whose work is looked for: all where it is due, else those who handed in.
        states: how many students stand where.
        completion: share of `expected` that has certainly completed it; None where nobody is
            expected.
        completion_interval: 95 %, Wilson.
        possible_completion: the share if all open work were completed.
        scores: of everybody who has one, provisional ones too.
        provisional: how many of these are provisional.
        average: mean of `scores`; work that is not handed in is not in it.
        average_interval: 95 %, Student's t.
        levels: name to students, highest first.
    """

    milestone: Milestone
    expected: int
    states: dict[State, int]
    completion: float | None
    completion_interval: Interval | None
    possible_completion: float | None
    scores: tuple[float, ...]
    provisional: int
    average: float | None
    average_interval: Interval | None
    median: float | None
    levels: dict[str, int]

    @property
    def submitted(self) -> int:
        """Students whose work was graded or is being looked at."""
        return self.expected - self.states[State.MISSING]


def milestone_figures(results: ClassResults) -> list[MilestoneFigures]:
    """Figures of every milestone, in the course's order."""
    return [_figures(results, milestone) for milestone in results.milestones]


def _figures(results: ClassResults, milestone: Milestone) -> MilestoneFigures:
    counted = Counter(results.state(student, milestone) for student in results.students)
    states = {state: counted[state] for state in State}
    expected = len(results.students) - states[State.NOT_DUE]
    completed = states[State.COMPLETED]
    graded = [one for one in results.of(milestone) if one.score is not None]
    scores = tuple(one.score for one in graded if one.score is not None)
    levels = Counter(one.level for one in graded)
    return MilestoneFigures(
        milestone=milestone,
        expected=expected,
        states=states,
        completion=completed / expected if expected else None,
        completion_interval=share_interval(completed, expected),
        possible_completion=(completed + states[State.OPEN]) / expected if expected else None,
        scores=scores,
        provisional=sum(one.provisional for one in graded),
        average=fmean(scores) if scores else None,
        average_interval=mean_interval(scores, 0.0, FULL),
        median=median(scores) if scores else None,
        levels={name: levels[name] for name in milestone.levels},
    )
