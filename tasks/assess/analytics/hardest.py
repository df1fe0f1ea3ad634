"""Which criteria cost a class the most, and which check stood in the way most often."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from tasks.assess.analytics.class_results import ClassResults, Milestone
from tasks.assess.analytics.intervals import Interval, mean_interval
from tasks.assess.results import CriterionResult, Outcome


@dataclass(frozen=True)
class CriterionFigures:
    """How a class did in one criterion.

    Attributes:
        n: students in whose work it is settled.
        open: students in whose work it is not.
        share: mean share of its points that these earned.
        interval: 95 %, Student's t; None where all earned the same share.
        full: students with all points.
        obstacle: the probe that most often failed; hidden ones too, so this is for teachers.
        obstructed: students in whose work it failed.
    """

    milestone: Milestone
    criterion: str
    title: str
    max_score: float
    n: int
    open: int
    share: float
    interval: Interval | None
    full: int
    obstacle: str
    obstructed: int


def hardest_criteria(results: ClassResults) -> list[CriterionFigures]:
    """Every criterion that is settled for somebody, the one with the smallest share first."""
    found = []
    for milestone in results.milestones:
        by_id: dict[str, list[CriterionResult]] = {}
        for result in results.of(milestone):
            for criterion in result.criteria:
                by_id.setdefault(criterion.criterion, []).append(criterion)
        found += [_figures(milestone, same) for same in by_id.values() if _settled(same)]
    return sorted(found, key=lambda one: (one.share, -one.n, one.milestone.id, one.criterion))


def _settled(criteria: Sequence[CriterionResult]) -> list[CriterionResult]:
    return [one for one in criteria if one.score is not None]


def _figures(milestone: Milestone, criteria: Sequence[CriterionResult]) -> CriterionFigures:
    settled = _settled(criteria)
    shares = [(one.score or 0.0) / one.max_score for one in settled]
    failed = Counter(
        probe.probe
        for criterion in criteria
        for probe in criterion.probes
        if probe.outcome is Outcome.FAILED
    )
    # Of equally frequent ones the first by name, whatever the order of the results.
    obstacle, count = min(failed.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
    return CriterionFigures(
        milestone=milestone,
        criterion=criteria[0].criterion,
        title=criteria[0].title,
        max_score=criteria[0].max_score,
        n=len(settled),
        open=len(criteria) - len(settled),
        share=fmean(shares),
        interval=mean_interval(shares, 0.0, 1.0),
        full=sum(share == 1 for share in shares),
        obstacle=obstacle,
        obstructed=count,
    )
