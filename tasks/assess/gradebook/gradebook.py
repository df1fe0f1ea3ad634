"""Grades and judgements in the log, and what of them counts now."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.assess.course.keys import CourseKey
from tasks.assess.gradebook.log import Entry, Kind, Log, NewEntry
from tasks.assess.results import MilestoneResult, Outcome
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.attempts import Attempt
from tasks.assess.scoring.judgements import Judgement, judged
from tasks.errors import BadInput

GRADES = ("grade", "regrade")
# The grader may look again at what ended like this; all else is graded once a version.
TROUBLE = (Outcome.NOT_GRADABLE, Outcome.GRADER_ERROR)


class AlreadyGraded(BadInput):
    """The same work has a grade of another version of the grader, which only regrade replaces."""


class Gradebook:
    """All grades of a course."""

    def __init__(self, path: Path, key: CourseKey) -> None:
        self.log = Log(path, key)

    def add_grade(self, result: MilestoneResult, submitted: datetime) -> Entry:
        """Keep a grade; the entry that counts for this work now.

        Work that has a grade of the same grader keeps it, so that asking again until a timing
        is lucky does not help; what the sandbox or the grader could not do may be tried again. A
        grading that was lost as a whole replaces nothing.

        Args:
            result: without judgements, which are kept apart.
            submitted: when the work was handed in.

        Raises:
            AlreadyGraded: another version of the grader graded the same work.
        """
        kept: list[Entry] = []

        def choose(entries: Sequence[Entry]) -> list[NewEntry]:
            former = latest_grade(entries, result.submission_hash)
            if former is None:
                return [_of_result("grade", result, submitted)]
            if is_lost(result):
                kept.append(former)
                return []
            if _had_trouble(former):
                return [_of_result("grade", result, _submitted(former))]
            if former.grader_version != result.grader_version:
                raise AlreadyGraded(
                    f"{result.student} has a grade of grader {former.grader_version} for the same "
                    f"work in {result.milestone}: see with regrade who changes before it is "
                    "replaced."
                )
            kept.append(former)
            return []

        added = self.log.append(choose, result.student, result.milestone)
        return [*kept, *added][0]

    def add_judgement(self, judgement: Judgement) -> Entry:
        """Keep what a person gave; former judgements stay in the log."""
        entry = NewEntry(
            kind="judgement",
            student=judgement.student,
            milestone=judgement.milestone,
            submission_hash=judgement.submission_hash,
            submitted=None,
            grader_version=None,
            data_seed=None,
            score=judgement.score,
            content=judgement.model_dump_json(),
        )
        return self.log.append(lambda _: [entry], judgement.student, judgement.milestone)[0]

    def judgements(
        self, student: str | None = None, milestone: str | None = None
    ) -> list[Judgement]:
        """All judgements in the order in which they were given."""
        return _judgements(self.log.entries(student, milestone))

    def attempts(
        self, rubrics: Iterable[Rubric], student: str | None = None
    ) -> dict[tuple[str, str], list[Attempt]]:
        """Graded submissions by (student, milestone): the newest grade of each, judgements in it.

        The order of the log tells only which grade of the same work is the newest, so that it
        does not matter which worker wrote first.
        """
        by_id = {rubric.id: rubric for rubric in rubrics}
        entries = self.log.entries(student)
        given = _judgements(entries)
        newest: dict[tuple[str, str, str], Entry] = {}
        for entry in entries:
            if entry.kind in GRADES and entry.milestone in by_id:
                newest[entry.student, entry.milestone, entry.submission_hash or ""] = entry
        found: dict[tuple[str, str], list[Attempt]] = {}
        for key in sorted(newest):
            result = MilestoneResult.model_validate_json(newest[key].content)
            attempt = Attempt(
                submitted=_submitted(newest[key]), result=judged(result, by_id[key[1]], given)
            )
            found.setdefault(key[:2], []).append(attempt)
        return found

    def history(self, rubrics: Iterable[Rubric]) -> list[dict[str, Any]]:
        """Every change of a grade, oldest first.

        Keys: student, milestone, score, time, level, provisional, kind, submission_hash. After a
        judgement the score is the one that it led to.
        """
        by_id = {rubric.id: rubric for rubric in rubrics}
        found: list[dict[str, Any]] = []
        given: list[Judgement] = []
        current: dict[tuple[str, str], MilestoneResult] = {}
        for entry in self.log.entries():
            key = (entry.student, entry.milestone)
            if entry.milestone not in by_id:
                continue
            if entry.kind in GRADES:
                current[key] = MilestoneResult.model_validate_json(entry.content)
            else:
                given.append(Judgement.model_validate_json(entry.content))
            if key in current:
                result = judged(current[key], by_id[entry.milestone], given)
                found.append(_moment(entry, result))
        return found


def latest_grade(entries: Iterable[Entry], submission_hash: str) -> Entry | None:
    """The newest grade of some work among a student's entries in one milestone."""
    found = None
    for entry in entries:
        if entry.kind in GRADES and entry.submission_hash == submission_hash:
            found = entry
    return found


def regrades(results: Iterable[tuple[Entry, MilestoneResult]]) -> list[NewEntry]:
    """Entries that replace former grades; the work was handed in when it was."""
    return [_of_result("regrade", result, _submitted(former)) for former, result in results]


def _of_result(kind: Kind, result: MilestoneResult, submitted: datetime) -> NewEntry:
    if submitted.tzinfo is None:
        raise ValueError("the time of handing in needs an offset from UTC")
    return NewEntry(
        kind=kind,
        student=result.student,
        milestone=result.milestone,
        submission_hash=result.submission_hash,
        submitted=submitted.astimezone(UTC).isoformat(timespec="seconds"),
        grader_version=result.grader_version,
        data_seed=result.data_seed,
        score=result.score,
        content=result.model_dump_json(),
    )


def _submitted(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.submitted or entry.time)


def is_lost(result: MilestoneResult) -> bool:
    """Whether the grader has nothing to say, as where its machine went away."""
    graded = [one for one in result.criteria if not one.human]
    return bool(graded) and all(one.outcome is Outcome.GRADER_ERROR for one in graded)


def _had_trouble(entry: Entry) -> bool:
    result = MilestoneResult.model_validate_json(entry.content)
    return any(one.outcome in TROUBLE for one in result.criteria)


def _judgements(entries: Iterable[Entry]) -> list[Judgement]:
    return [
        Judgement.model_validate_json(entry.content)
        for entry in entries
        if entry.kind == "judgement"
    ]


def _moment(entry: Entry, result: MilestoneResult) -> dict[str, Any]:
    return {
        "student": entry.student,
        "milestone": entry.milestone,
        "score": result.score,
        "time": entry.time,
        "level": result.level,
        "provisional": result.provisional,
        "kind": entry.kind,
        "submission_hash": result.submission_hash,
    }
