"""What a student may see of a criterion: everything of public probes, nothing of hidden ones."""

from dataclasses import dataclass

from tasks.assess.reports.wording import check_name, earned
from tasks.assess.results import CriterionResult, Outcome, ProbeResult
from tasks.text import printable


@dataclass(frozen=True)
class VisibleCheck:
    """A public probe; all texts are printable."""

    name: str
    outcome: Outcome
    share: float | None
    evidence: str
    example: str
    next_step: str


@dataclass(frozen=True)
class VisibleCriterion:
    """A criterion; all texts are printable.

    Attributes:
        earned: its points in words.
        share: of its points, from 0 to 1; None while it is open.
        checks: its public probes.
        evidence: what was found beside that, such as a person's reason.
        next_steps: what to do beside what the checks say.
    """

    title: str
    outcome: Outcome
    human: bool
    earned: str
    share: float | None
    checks: tuple[VisibleCheck, ...]
    evidence: tuple[str, ...]
    next_steps: tuple[str, ...]


def visible(criterion: CriterionResult) -> VisibleCriterion:
    """The part of a criterion that is for the student."""
    public = [probe for probe in criterion.probes if probe.public]
    told = {probe.evidence for probe in public} | {f"Example: {one.example}" for one in public}
    advised = {probe.next_step for probe in public}
    return VisibleCriterion(
        title=printable(criterion.title),
        outcome=criterion.outcome,
        human=criterion.human,
        earned=earned(criterion),
        share=None if criterion.score is None else criterion.score / criterion.max_score,
        checks=tuple(_check(probe) for probe in public),
        evidence=tuple(printable(text) for text in criterion.evidence if text not in told),
        next_steps=tuple(printable(text) for text in criterion.next_steps if text not in advised),
    )


def _check(probe: ProbeResult) -> VisibleCheck:
    return VisibleCheck(
        name=check_name(probe.probe),
        outcome=probe.outcome,
        share=probe.share,
        evidence=printable(probe.evidence),
        example=printable(probe.example),
        next_step=printable(probe.next_step),
    )
