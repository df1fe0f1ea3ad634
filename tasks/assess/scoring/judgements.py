"""Scores that a person gives: of criteria that wait for one, and in place of a probe's."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.assess.results import CriterionResult, MilestoneResult, Outcome
from tasks.assess.rubrics.levels import FULL, exact
from tasks.assess.rubrics.rubric import Criterion, Rubric
from tasks.assess.scoring.milestone import milestone_of
from tasks.errors import BadInput


class Judgement(BaseModel):
    """What a person gave a student for a criterion.

    Attributes:
        submission_hash: of the work that was judged; None for whatever is handed in.
        score: in points; None takes the person's former judgement back.
        by: who gave it.
        reason: why; the student reads it.
        time: when, with its offset from UTC.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: str
    milestone: str
    criterion: str
    submission_hash: str | None
    score: float | None = Field(default=None, ge=0, le=FULL, allow_inf_nan=False)
    by: str
    reason: str
    time: datetime

    @field_validator("by", "reason")
    @classmethod
    def _said(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("must not be empty")
        return text.strip()

    @field_validator("time")
    @classmethod
    def _aware(cls, time: datetime) -> datetime:
        if time.tzinfo is None:
            raise ValueError("needs an offset from UTC")
        return time


def check_judgement(criterion: Criterion, score: float | None, by: str, reason: str) -> None:
    """Refuse a judgement that cannot stand.

    Raises:
        BadInput: the score is not from 0 to the criterion's points, or nobody or nothing is said.
    """
    if score is not None and not 0 <= score <= criterion.points:
        raise BadInput(
            f"A score of {score:g} for '{criterion.id}' is not possible: give 0 to "
            f"{criterion.points:g} points."
        )
    if not reason.strip():
        raise BadInput(f"Say why '{criterion.id}' gets this score: --reason must not be empty.")
    if not by.strip():
        raise BadInput(f"Say who scores '{criterion.id}': --by must not be empty.")


def judged(
    result: MilestoneResult, rubric: Rubric, judgements: Iterable[Judgement]
) -> MilestoneResult:
    """The grade with the judgements that are about this student, milestone and submission.

    Of several for one criterion the one given last counts. What the probes said stays in the
    result.
    """
    latest: dict[str, Judgement] = {}
    for one in judgements:
        if _concerns(one, result):
            latest[one.criterion] = one
    given = {name: one for name, one in latest.items() if one.score is not None}
    if not given:
        return result
    return milestone_of(
        rubric,
        [
            _with(one, given[one.criterion], rubric.pass_mark) if one.criterion in given else one
            for one in result.criteria
        ],
        student=result.student,
        submission_hash=result.submission_hash,
        grader_version=result.grader_version,
        data_seed=result.data_seed,
        seconds=result.seconds,
    )


def _concerns(judgement: Judgement, result: MilestoneResult) -> bool:
    return (judgement.student, judgement.milestone) == (result.student, result.milestone) and (
        judgement.submission_hash in (None, result.submission_hash)
    )


def _with(criterion: CriterionResult, judgement: Judgement, pass_mark: float) -> CriterionResult:
    # A rubric may have come to give a criterion fewer points than it was judged with.
    score = exact(min(judgement.score or 0.0, criterion.max_score))
    passed = exact(FULL * score / criterion.max_score) >= pass_mark
    told = (
        f"{judgement.by} gave {score:g} of {criterion.max_score:g} points on "
        f"{judgement.time:%Y-%m-%d}: {judgement.reason}"
    )
    before = [] if criterion.human else criterion.evidence
    informing = [one.evidence for one in criterion.probes if one.public] if criterion.human else []
    return criterion.model_copy(
        update={
            "score": score,
            "lowest": score,
            "highest": score,
            "outcome": Outcome.PASSED if passed else Outcome.FAILED,
            "evidence": [told, *before, *informing],
        }
    )
