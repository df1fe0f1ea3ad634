"""Work that may be shown to others: outstanding, and its author agreed."""

from collections.abc import Collection
from dataclasses import dataclass

from tasks.assess.analytics.class_results import ClassResults, Milestone, bounds

OUTSTANDING_FROM = 90.0


@dataclass(frozen=True)
class Outstanding:
    """A student's work in one milestone; `score` is the least that it will be."""

    student: str
    milestone: Milestone
    score: float


def outstanding(
    results: ClassResults, consenting: Collection[str]
) -> tuple[list[Outstanding], int]:
    """Work that is certainly outstanding, the best first within a milestone.

    Args:
        results: of the class.
        consenting: students whose consent is on file.

    Returns:
        The work of consenting students, and how many others are not named for want of it.
    """
    listed, unnamed = [], 0
    for milestone in results.milestones:
        best = sorted(results.of(milestone), key=lambda one: (-bounds(one)[0], one.student))
        for result in best:
            least = bounds(result)[0]
            if least < OUTSTANDING_FROM:
                continue
            if result.student in consenting:
                listed.append(Outstanding(result.student, milestone, least))
            else:
                unnamed += 1
    return listed, unnamed
