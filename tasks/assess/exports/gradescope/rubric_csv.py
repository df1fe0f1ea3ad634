"""A rubric as CSV, from which Gradescope's rubric is made by hand: it imports none."""

from pathlib import Path

from tasks.assess.exports.cells import write_csv
from tasks.assess.rubrics.rubric import Rubric

COLUMNS = ("criterion", "title", "scored_by", "max_points", "level", "points", "description")


def write_rubric(path: Path, rubric: Rubric) -> int:
    """Write a row a level of a criterion; each criterion is a group of Gradescope's rubric.

    Returns:
        the number of rows.
    """
    rows = [
        (
            criterion.id,
            criterion.title,
            "a person" if criterion.human else "the autograder",
            criterion.points,
            level,
            points,
            criterion.asks,
        )
        for criterion in rubric.criteria
        for level, points in rubric.ratings(criterion)
    ]
    write_csv(path, COLUMNS, rows)
    return len(rows)
