"""Who changes, and by how much, before a new version of the grader replaces grades."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from tasks.assess.gradebook.gradebook import Gradebook, is_lost, latest_grade, regrades
from tasks.assess.gradebook.log import Entry, NewEntry
from tasks.assess.results import CriterionResult, MilestoneResult, Outcome
from tasks.assess.rubrics.levels import exact
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.judgements import judged
from tasks.errors import BadInput


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class CriterionChange(_Frozen):
    """A criterion's points before and after; None where it is open, or not asked for."""

    criterion: str
    before: float | None
    after: float | None


class Change(_Frozen):
    """What a regrade does to one student in one milestone, judgements included.

    Attributes:
        difference: points of 100; None where one of the two has no score.
    """

    student: str
    milestone: str
    submission_hash: str
    grader_before: str
    grader_after: str
    before: float | None
    after: float | None
    difference: float | None
    level_before: str
    level_after: str
    outcome_before: Outcome
    outcome_after: Outcome
    criteria: list[CriterionChange]


class RegradePlan(_Frozen):
    """A regrade that is not applied yet; it may be kept as JSON.

    Attributes:
        head: of the log that it was compared with.
        changes: greatest difference first.
        unchanged: grades that stay as they are.
        results: the new grades, without judgements.
        lost: whose new grading was lost, "student, milestone"; the former grade stays.
    """

    head: str
    changes: list[Change]
    unchanged: int
    results: list[MilestoneResult]
    lost: list[str] = []


def plan_regrade(
    gradebook: Gradebook, rubrics: Iterable[Rubric], results: Iterable[MilestoneResult]
) -> RegradePlan:
    """Compare new grades with those that count now. Nothing is written.

    Raises:
        BadInput: some of the work has no grade yet.
    """
    by_id = {rubric.id: rubric for rubric in rubrics}
    head = gradebook.log.head()
    judgements = gradebook.judgements()
    entries = _by_student(gradebook.log.entries())
    results = sorted(results, key=_key)
    lost = [f"{one.student}, {one.milestone}" for one in results if is_lost(one)]
    results = [one for one in results if not is_lost(one)]
    changes = []
    for result in results:
        former = _former(entries, result)
        rubric = by_id[result.milestone]
        before = judged(MilestoneResult.model_validate_json(former.content), rubric, judgements)
        change = _change(before, judged(result, rubric, judgements))
        if _differs(change):
            changes.append(change)
    changes.sort(key=lambda one: -abs(one.difference) if one.difference is not None else -1000.0)
    return RegradePlan(
        head=head,
        changes=changes,
        unchanged=len(results) - len(changes),
        results=results,
        lost=lost,
    )


def apply_regrade(gradebook: Gradebook, plan: RegradePlan) -> int:
    """Write all grades of a plan, or none; how many were written.

    Raises:
        BadInput: the gradebook has changed since the plan was made.
    """

    def choose(entries: Sequence[Entry]) -> list[NewEntry]:
        held = _by_student(entries)
        return regrades([(_former(held, result), result) for result in plan.results])

    return len(gradebook.log.append(choose, head=plan.head))


def _key(result: MilestoneResult) -> tuple[str, str, str]:
    return result.student, result.milestone, result.submission_hash


def _by_student(entries: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.student, entry.milestone), []).append(entry)
    return found


def _former(entries: dict[tuple[str, str], list[Entry]], result: MilestoneResult) -> Entry:
    held = entries.get((result.student, result.milestone), [])
    former = latest_grade(held, result.submission_hash)
    if former is None:
        raise BadInput(
            f"The work of {result.student} in {result.milestone} has no grade yet: grade it with "
            "run or batch before it can be regraded."
        )
    return former


def _change(before: MilestoneResult, after: MilestoneResult) -> Change:
    both = before.score is not None and after.score is not None
    return Change(
        student=after.student,
        milestone=after.milestone,
        submission_hash=after.submission_hash,
        grader_before=before.grader_version,
        grader_after=after.grader_version,
        before=before.score,
        after=after.score,
        difference=exact((after.score or 0.0) - (before.score or 0.0)) if both else None,
        level_before=before.level,
        level_after=after.level,
        outcome_before=before.outcome,
        outcome_after=after.outcome,
        criteria=_criterion_changes(before.criteria, after.criteria),
    )


def _criterion_changes(
    before: list[CriterionResult], after: list[CriterionResult]
) -> list[CriterionChange]:
    old = {one.criterion: one.score for one in before}
    new = {one.criterion: one.score for one in after}
    return [
        CriterionChange(criterion=name, before=old.get(name), after=new.get(name))
        for name in dict.fromkeys([*new, *old])
        if (name in old) != (name in new) or old.get(name) != new.get(name)
    ]


def _differs(change: Change) -> bool:
    return bool(
        change.criteria
        or change.before != change.after
        or change.level_before != change.level_after
        or change.outcome_before != change.outcome_after
    )
