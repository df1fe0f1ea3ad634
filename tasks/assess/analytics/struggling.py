"""Who needs help, why, and with what."""

from dataclasses import dataclass
from statistics import fmean

from tasks.assess.analytics.class_results import ClassResults, Milestone, State, bounds
from tasks.assess.results import CriterionResult, MilestoneResult, Outcome
from tasks.assess.rubrics.levels import shown

REASONS_A_MILESTONE = 2
# Points; less is no fall, since milestones differ.
FALL = 10.0
# What helps those who fail a milestone, by its number.
HELP = {
    1: "a review of fundamentals: tensors, dense layers and activations",
    2: "convolution tutoring: convolution, pooling and their gradients",
    3: "pipeline support: losses, gradients, optimizers and the training loop",
}


@dataclass(frozen=True)
class Warned:
    """A student who certainly failed a milestone that later ones build on.

    Attributes:
        score: of 100; the most that it can become, where it is provisional.
    """

    student: str
    milestone: Milestone
    score: float
    help: str


@dataclass(frozen=True)
class Struggling:
    """A student below the threshold.

    Attributes:
        average: mean of the scores that there are; None without any.
        scores: milestone's id to score.
        certain: whether no open criterion can lift every score to the threshold.
        falling: whether the last milestone's score is at least 10 points below the one before.
        why: what is missing, in sentences.
        help: what helps with the milestones that were failed.
    """

    student: str
    average: float | None
    scores: dict[str, float]
    certain: bool
    falling: bool
    why: tuple[str, ...]
    help: tuple[str, ...]


def early_warnings(results: ClassResults) -> list[Warned]:
    """Everybody who certainly failed milestone 1, 2 or 3, in the order of course and roster."""
    return [
        Warned(student, milestone, bounds(results.results[student, milestone.id])[1], help_with)
        for milestone in results.milestones
        if (help_with := HELP.get(milestone.number or 0))
        for student in results.students
        if results.state(student, milestone) is State.FAILED
    ]


def struggling(results: ClassResults, threshold: float) -> list[Struggling]:
    """Students with a score below the threshold, or with work missing, the lowest average first.

    Args:
        results: of the class.
        threshold: of 100; a score of just this much is not below it.
    """
    found = [_student(results, student, threshold) for student in results.students]
    return sorted(
        (one for one in found if one is not None),
        key=lambda one: (-1.0 if one.average is None else one.average, one.student),
    )


def _student(results: ClassResults, student: str, threshold: float) -> Struggling | None:
    scores: dict[str, float] = {}
    why, help_with, certain, below = [], [], False, False
    for milestone in results.milestones:
        state = results.state(student, milestone)
        if state is State.MISSING:
            why.append(f"{milestone.title}: nothing handed in.")
            below = certain = True
        if (help_of := HELP.get(milestone.number or 0)) and state is State.FAILED:
            help_with.append(help_of)
        result = results.results.get((student, milestone.id))
        if result is None:
            continue
        if result.score is None:
            why.append(f"{milestone.title}: nothing could be graded yet.")
            below = True
            continue
        scores[milestone.id] = result.score
        if result.score < threshold:
            below = True
            certain = certain or bounds(result)[1] < threshold
            why += _reasons(milestone, result)
    if not below:
        return None
    last = list(scores.values())[-2:]
    return Struggling(
        student=student,
        average=fmean(scores.values()) if scores else None,
        scores=scores,
        certain=certain,
        falling=len(last) == 2 and last[1] <= last[0] - FALL,
        why=tuple(why),
        help=tuple(help_with),
    )


def _reasons(milestone: Milestone, result: MilestoneResult) -> list[str]:
    """The criteria that cost the most points, each with the first thing that was found."""
    lost = sorted(
        (one for one in result.criteria if one.score is not None and _lost(one) > 0),
        key=lambda one: (-_lost(one), one.criterion),
    )
    return [
        f"{milestone.title}, {one.title}: {shown(one.score or 0.0):g} of {one.max_score:g} points. "
        f"{_found(one)}".rstrip()
        for one in lost[:REASONS_A_MILESTONE]
    ]


def _lost(criterion: CriterionResult) -> float:
    return criterion.max_score - (criterion.score or 0.0)


def _found(criterion: CriterionResult) -> str:
    failed = [one.evidence for one in criterion.probes if one.outcome is Outcome.FAILED]
    return next(iter([*failed, *criterion.evidence]), "")
