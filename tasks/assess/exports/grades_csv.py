"""Every criterion's grade as a row of one CSV file."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tasks.assess.exports.cells import Cell, write_csv
from tasks.assess.results import CriterionResult, MilestoneResult

COLUMNS = ("student", "milestone", "criterion", "score", "max_score", "outcome", "evidence")
TOTAL = "total"
FULL = 100.0


def write_grades(path: Path, results: Iterable[MilestoneResult]) -> int:
    """Write a row a criterion and a total row a milestone, by student and milestone.

    An open score is an empty cell, never 0. Totals are those before lateness.

    Returns:
        the number of rows.
    """
    ordered = sorted(results, key=lambda one: (one.student, one.milestone))
    rows = [row for result in ordered for row in _rows(result)]
    write_csv(path, COLUMNS, rows)
    return len(rows)


def _rows(result: MilestoneResult) -> Iterator[Sequence[Cell]]:
    for criterion in result.criteria:
        yield (
            result.student,
            result.milestone,
            criterion.criterion,
            criterion.score,
            criterion.max_score,
            str(criterion.outcome),
            " ".join(criterion.evidence),
        )
    yield (
        result.student,
        result.milestone,
        TOTAL,
        result.score,
        FULL,
        str(result.outcome),
        said_of_total(result),
    )


def said_of_total(result: MilestoneResult) -> str:
    """What the total stands for: level, provisional or final, what is open and the range."""
    level = result.level or "No level yet"
    if not result.provisional:
        return f"{level}; final, before lateness."
    waiting = ", ".join(f"{one.title} ({one.outcome})" for one in open_criteria(result))
    return (
        f"{level}; provisional, before lateness; open: {waiting or 'nothing named'}"
        f"{possible_range(result)}."
    )


def open_criteria(result: MilestoneResult) -> list[CriterionResult]:
    """Those without a score."""
    return [one for one in result.criteria if one.score is None]


def possible_range(result: MilestoneResult) -> str:
    """ "; the final score will be from 70 to 80", or nothing where that is not known."""
    if result.lowest is None or result.highest is None:
        return ""
    return f"; the final score will be from {result.lowest:g} to {result.highest:g}"
