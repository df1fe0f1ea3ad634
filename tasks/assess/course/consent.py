"""Whose work may be shown to others: only where consent is on file, and not taken back."""

import csv
from datetime import date
from pathlib import Path

from tasks.assess.course.roster import NO, YES, Roster
from tasks.errors import BadInput

CONSENT_FILE = "consent.csv"
COLUMNS = ("student", "consent", "date")


def students_with_consent(course_folder: Path, roster: Roster) -> set[str]:
    """Students of a class who agreed that their work is shared.

    The course's consent.csv (student, consent, date) goes before the roster's column; of several
    lines about a student the one with the latest date counts, and of one day's the no. Nothing on
    file is a no.

    Raises:
        BadInput: consent.csv cannot be read or says neither yes nor no.
    """
    filed = _filed(course_folder / CONSENT_FILE)
    return {one.student for one in roster.students if filed.get(one.student, one.consent or False)}


def _filed(path: Path) -> dict[str, bool]:
    if not path.exists():
        return {}
    latest: dict[str, tuple[date, bool]] = {}
    for line, row in _rows(path):
        agreed = row["consent"].casefold()
        if agreed not in YES | NO or not agreed:
            raise BadInput(
                f"{path}, line {line}: consent {row['consent']!r} is neither yes nor no."
            )
        try:
            day = date.fromisoformat(row["date"])
        except ValueError as error:
            raise BadInput(
                f"{path}, line {line}: {row['date']!r} is no date like 2027-01-31."
            ) from error
        told = (day, agreed in YES)
        before = latest.get(row["student"])
        # Of one day's answers False, which is smaller, wins.
        if before is None or day > before[0] or (day == before[0] and told < before):
            latest[row["student"]] = told
    return {student: agreed for student, (_, agreed) in latest.items()}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise BadInput(
                    f"{path}: has no column '{missing[0]}'; it needs student,consent,date."
                )
            return [
                (reader.line_num, {name: (row[name] or "").strip() for name in COLUMNS})
                for row in reader
            ]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise BadInput(f"{path}: cannot be read as a CSV in UTF-8 ({error}).") from error
