"""What a probe, a criterion and a milestone came to."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Outcome(StrEnum):
    """How something ended. Only the first three say anything about the submission."""

    PASSED = "passed"
    FAILED = "failed"
    BORDERLINE = "borderline"
    NOT_GRADABLE = "not gradable"
    GRADER_ERROR = "grader error"
    PENDING = "pending"


class ProbeResult(BaseModel):
    """What one probe found.

    Attributes:
        probe: its name in the registry.
        outcome: how it ended.
        share: earned, from 0 to 1; None where it is not gradable, a grader error or pending.
        evidence: one or two sentences that the student may read.
        example: the smallest failing example, readable; empty where there is none.
        next_step: what the student may do next.
        figures: n, interval, seconds, errors and the like.
        public: whether the student's own check shows it.
    """

    model_config = ConfigDict(frozen=True)

    probe: str
    outcome: Outcome
    share: float | None = Field(default=None, ge=0, le=1)
    evidence: str
    example: str = ""
    next_step: str = ""
    figures: dict[str, Any] = Field(default_factory=dict)
    public: bool = False


class CriterionResult(BaseModel):
    """What the probes of one criterion, or a person, gave for it.

    Attributes:
        score: in points, up to `max_score`; None while it is open.
        evidence: what the student may read: nothing of hidden probes.
        probes: all of them, hidden ones too.
        human: whether a person scores it.
        lowest: points that are certain; the score where it is settled.
        highest: points that are possible; the score where it is settled.
    """

    model_config = ConfigDict(frozen=True)

    criterion: str
    title: str
    max_score: float
    score: float | None
    outcome: Outcome
    evidence: list[str] = Field(default_factory=list)
    next_steps: list[str] = Field(default_factory=list)
    probes: list[ProbeResult] = Field(default_factory=list)
    human: bool = False
    lowest: float | None = None
    highest: float | None = None


class MilestoneResult(BaseModel):
    """The grade of one student in one milestone.

    Attributes:
        score: of 100, lateness apart; while it is provisional, of the settled criteria scaled
            to 100; None where none is settled.
        level: the rubric's name for the score; empty where there is none.
        provisional: whether a part of it is still open.
        seconds: of work.
        lowest: the score if nothing that is open earned a point.
        highest: the score if everything that is open earned all points.
    """

    model_config = ConfigDict(frozen=True)

    student: str
    milestone: str
    criteria: list[CriterionResult]
    score: float | None
    level: str
    provisional: bool
    outcome: Outcome
    submission_hash: str
    grader_version: str
    data_seed: int
    seconds: float
    lowest: float | None = None
    highest: float | None = None
