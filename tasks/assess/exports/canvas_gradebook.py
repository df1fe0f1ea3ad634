"""Milestone grades as the CSV file that Canvas' gradebook imports."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.assess.exports.cells import Cell, write_csv
from tasks.assess.exports.grades_csv import FULL
from tasks.assess.results import MilestoneResult
from tasks.errors import BadInput

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POINTS_POSSIBLE = "    Points Possible"
WITH_ID = re.compile(r" \(\d+\)$")


class CanvasStudent(BaseModel):
    """How Canvas knows a student, as in the gradebook that it exports."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    login_id: str = ""
    section: str = ""

    def known_as(self) -> set[str]:
        """Whatever names the student for sure, in lower case."""
        names = (self.login_id, self.sis_user_id, self.canvas_id)
        return {name.casefold() for name in names if name}


def write_gradebook(
    path: Path,
    results: Iterable[MilestoneResult],
    *,
    titles: dict[str, str],
    students: Mapping[str, CanvasStudent] | None = None,
    with_provisional: bool = False,
) -> int:
    """Write a row a student and a column a milestone, each of 100 points.

    Canvas leaves a grade as it is where a cell is empty, so what is open or provisional is empty.

    Args:
        titles: milestone to the heading of its column: the assignment's name in Canvas, with its
            id in brackets ("Milestone 1 (4711)") where the assignment is there already.
        students: name in the course to how Canvas knows the student; one that is not named has
            that name as login.
        with_provisional: write provisional grades too.

    Returns:
        the number of grades written.
    """
    held = {(one.student, one.milestone): one for one in results}
    known = students or {}
    milestones = [name for name in titles if any(of == name for _, of in held)]
    rows: list[Sequence[Cell]] = [(POINTS_POSSIBLE, *[None] * 4, *[FULL for _ in milestones])]
    written = 0
    for student in sorted({name for name, _ in held}):
        scores = [_score(held.get((student, one)), with_provisional) for one in milestones]
        written += sum(score is not None for score in scores)
        rows.append((*_identity(known.get(student), student), *scores))
    write_csv(path, (*IDENTITY, *(titles[one] for one in milestones)), rows)
    return written


def read_canvas_export(path: Path) -> tuple[list[CanvasStudent], list[str]]:
    """The students and the other columns' headings of a gradebook that Canvas exported.

    Raises:
        BadInput: it cannot be read or lacks Canvas' columns.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"{path}: cannot be read as CSV ({error}); export the gradebook in Canvas again."
        ) from error
    missing = [name for name in ("Student", "ID") if name not in columns]
    if missing:
        raise BadInput(f"{path}: is no gradebook of Canvas, it has no column '{missing[0]}'.")
    students = [_known(row) for row in rows if (row.get("ID") or "").strip()]
    return students, [name for name in columns if name not in IDENTITY]


def recognised(
    held: Iterable[CanvasStudent], names: Mapping[str, Iterable[str]]
) -> dict[str, CanvasStudent]:
    """Students by their names in the course, where exactly one of Canvas' has one of their names.

    Args:
        names: name in the course to what else the student is called, such as an e-mail address.
    """
    held = list(held)
    found = {}
    for student, others in names.items():
        called = {name.casefold() for name in (student, *others) if name}
        same = [one for one in held if one.known_as() & called]
        if len(same) == 1:
            found[student] = same[0]
    return found


def heading(assignment: str, columns: Sequence[str]) -> str:
    """The column of an assignment in Canvas' own export, "Name (id)"; the name if there is none.

    A column without the id would make Canvas create the assignment a second time.
    """
    return next(
        (one for one in columns if WITH_ID.sub("", one).casefold() == assignment.casefold()),
        assignment,
    )


def _known(row: dict[str, str]) -> CanvasStudent:
    canvas_id, sis, login = (
        (row.get(name) or "").strip() for name in ("ID", "SIS User ID", "SIS Login ID")
    )
    return CanvasStudent(
        name=(row.get("Student") or "").strip(),
        canvas_id=canvas_id,
        sis_user_id=sis,
        login_id=login,
        section=(row.get("Section") or "").strip(),
    )


def _identity(known: CanvasStudent | None, student: str) -> Sequence[Cell]:
    if known is None:
        return student, "", "", student, ""
    return (
        known.name or student,
        known.canvas_id,
        known.sis_user_id,
        known.login_id or ("" if known.canvas_id or known.sis_user_id else student),
        known.section,
    )


def _score(result: MilestoneResult | None, with_provisional: bool) -> float | None:
    if result is None or (result.provisional and not with_provisional):
        return None
    return result.score
