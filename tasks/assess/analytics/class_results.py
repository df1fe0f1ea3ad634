"""The results of a class, one a student and milestone, and what each means for completing it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tasks.assess.pseudonyms import pseudonymous
from tasks.assess.results import MilestoneResult, Outcome
from tasks.assess.rubrics.levels import FULL


class State(StrEnum):
    """Where a student stands in a milestone."""

    COMPLETED = "completed"
    OPEN = "open"
    FAILED = "not completed"
    MISSING = "not handed in"
    NOT_DUE = "not due yet"


@dataclass(frozen=True)
class Milestone:
    """What analytics has to know of a milestone.

    Attributes:
        id: as in `MilestoneResult.milestone`.
        number: 1 to 5 in the shipped course; None where it has none.
        pass_mark: the score that completes it.
        levels: names, highest first.
    """

    id: str
    title: str
    number: int | None
    pass_mark: float
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """One graded submission in the history; `score` of 100, None where nothing was settled."""

    student: str
    milestone: str
    score: float | None
    time: datetime


@dataclass(frozen=True)
class ClassResults:
    """A class.

    Attributes:
        students: of the roster.
        results: by (student, milestone's id); the ones that count.
        history: every graded submission, the oldest first.
        left_out: results of students or milestones that the course no longer has.
        missing: (student, milestone's id) of what is due and not handed in.
    """

    name: str
    students: tuple[str, ...]
    milestones: tuple[Milestone, ...]
    results: Mapping[tuple[str, str], MilestoneResult]
    history: tuple[Attempt, ...]
    left_out: int
    missing: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def gather(
        cls,
        name: str,
        students: Sequence[str],
        milestones: Sequence[Milestone],
        results: Iterable[MilestoneResult],
        history: Iterable[Mapping[str, Any]] = (),
        missing: Iterable[tuple[str, str]] = (),
    ) -> "ClassResults":
        """Bring results and history together.

        Args:
            name: of the class.
            students: of the roster.
            milestones: in the course's order.
            results: those that count, one a student and milestone.
            history: dicts with student, milestone, score and time (ISO 8601, UTC where it does
                not say), the oldest first. Those of one submission_hash, where it is given, are
                one attempt, graded again or judged by a person.
            missing: (student, milestone's id) of what is due for that student and not handed in.

        Raises:
            ValueError: two results of one student in one milestone.
        """
        wanted = {(student, one.id) for student in students for one in milestones}
        kept: dict[tuple[str, str], MilestoneResult] = {}
        left_out = 0
        for result in results:
            key = (result.student, result.milestone)
            if key in kept:
                raise ValueError(f"two results of '{key[0]}' in '{key[1]}'")
            if key in wanted:
                kept[key] = result
            else:
                left_out += 1
        attempts = _attempts(one for one in history if (one["student"], one["milestone"]) in wanted)
        attempts.sort(key=lambda one: (one.time, one.student, one.milestone))
        return cls(
            name,
            tuple(students),
            tuple(milestones),
            kept,
            tuple(attempts),
            left_out,
            frozenset(missing),
        )

    def without_names(
        self,
        pseudonyms: Mapping[str, str],
        names: Mapping[str, Collection[str]] | None = None,
    ) -> "ClassResults":
        """The same class under pseudonyms, in their order, since the roster's may be known.

        Args:
            pseudonyms: of every student of the roster.
            names: other names of students, to be taken out of every sentence.
        """
        names = names or {}
        return replace(
            self,
            students=tuple(sorted(pseudonyms[student] for student in self.students)),
            results={
                (pseudonyms[student], milestone): pseudonymous(
                    result, pseudonyms[student], names.get(student, ())
                )
                for (student, milestone), result in self.results.items()
            },
            history=tuple(replace(one, student=pseudonyms[one.student]) for one in self.history),
            missing=frozenset((pseudonyms[student], name) for student, name in self.missing),
        )

    def of(self, milestone: Milestone) -> list[MilestoneResult]:
        """Its results, in the order of the roster."""
        found = (self.results.get((student, milestone.id)) for student in self.students)
        return [result for result in found if result is not None]

    def state(self, student: str, milestone: Milestone) -> State:
        """Where a student stands; open work is neither completed nor failed."""
        result = self.results.get((student, milestone.id))
        if result is None:
            return State.MISSING if (student, milestone.id) in self.missing else State.NOT_DUE
        low, high = bounds(result)
        if low >= milestone.pass_mark:
            return State.COMPLETED
        if high >= milestone.pass_mark or result.outcome is Outcome.BORDERLINE:
            return State.OPEN
        return State.FAILED


def bounds(result: MilestoneResult) -> tuple[float, float]:
    """The least and the most that its final score may be."""
    if not result.provisional and result.score is not None:
        return result.score, result.score
    low = 0.0 if result.lowest is None else result.lowest
    return low, FULL if result.highest is None else result.highest


def _attempts(history: Iterable[Mapping[str, Any]]) -> list[Attempt]:
    """One a submission, from when it was first graded and with the score that it has now."""
    found: dict[Any, Attempt] = {}
    for place, one in enumerate(history):
        work = one.get("submission_hash") or place
        key = (one["student"], one["milestone"], work)
        time = found[key].time if key in found else _time(one["time"])
        found[key] = Attempt(one["student"], one["milestone"], one["score"], time)
    return list(found.values())


def _time(given: str | datetime) -> datetime:
    time = datetime.fromisoformat(given) if isinstance(given, str) else given
    return time if time.tzinfo else time.replace(tzinfo=UTC)
