"""What the probes of a criterion, or a person, make of it."""

import math
from collections.abc import Mapping

from tasks.assess.results import CriterionResult, Outcome, ProbeResult
from tasks.assess.rubrics.levels import exact
from tasks.assess.rubrics.rubric import Criterion

# The first of these that a probe ended with is what the whole criterion waits for.
OPEN = (Outcome.GRADER_ERROR, Outcome.NOT_GRADABLE, Outcome.PENDING)


def is_open(probe: ProbeResult) -> bool:
    """Whether it neither earned its points nor lost them."""
    return probe.outcome in OPEN or probe.share is None or not math.isfinite(probe.share)


def score_criterion(
    criterion: Criterion, found: Mapping[str, ProbeResult], *, public_only: bool = False
) -> CriterionResult:
    """The result of a criterion.

    Open probes give neither no points nor all of them: the criterion has no score then, only the
    points that are certain and those that are possible. A probe without a result is a grader
    error, since the grader did not ask what it should have.

    Args:
        criterion: of the rubric.
        found: results by the probe's name.
        public_only: whether only public probes were run, as in a student's own check; the
            criterion is then scored by these alone, scaled to its points.
    """
    if criterion.human:
        return _waiting_for_person(criterion, found)
    worth = dict(criterion.probes)
    if public_only:
        worth = {name: points for name, points in worth.items() if name in found}
        if not worth:
            return _nothing_public(criterion)
    probes = [found.get(name) or _not_run(name) for name in worth]
    scale = criterion.points / math.fsum(worth.values())
    certain = math.fsum(
        worth[one.probe] * scale * (one.share or 0.0) for one in probes if not is_open(one)
    )
    waiting = math.fsum(worth[one.probe] * scale for one in probes if is_open(one))
    lowest, highest = exact(certain), exact(certain + waiting)
    return CriterionResult(
        criterion=criterion.id,
        title=criterion.title,
        max_score=criterion.points,
        score=None if waiting else lowest,
        outcome=_outcome(probes),
        evidence=_evidence(criterion, probes),
        next_steps=_next_steps(criterion, probes),
        probes=probes,
        lowest=lowest,
        highest=highest,
    )


def _waiting_for_person(criterion: Criterion, found: Mapping[str, ProbeResult]) -> CriterionResult:
    informing = [found[name] for name in criterion.informed_by if name in found]
    return CriterionResult(
        criterion=criterion.id,
        title=criterion.title,
        max_score=criterion.points,
        score=None,
        outcome=Outcome.PENDING,
        evidence=[
            "A person has not scored this yet.",
            *(one.evidence for one in informing if one.public and one.evidence),
        ],
        probes=informing,
        human=True,
        lowest=0.0,
        highest=criterion.points,
    )


def _nothing_public(criterion: Criterion) -> CriterionResult:
    return CriterionResult(
        criterion=criterion.id,
        title=criterion.title,
        max_score=criterion.points,
        score=None,
        outcome=Outcome.PENDING,
        evidence=["Nothing of this is checked here; it is looked at when the work is graded."],
        lowest=0.0,
        highest=criterion.points,
    )


def _not_run(name: str) -> ProbeResult:
    return ProbeResult(
        probe=name,
        outcome=Outcome.GRADER_ERROR,
        evidence="The grader has no result of this check.",
        next_step="Your instructor has to grade this again.",
    )


def _outcome(probes: list[ProbeResult]) -> Outcome:
    """The worst trouble first; then borderline; passed only where every probe is."""
    outcomes = {one.outcome for one in probes}
    if any(is_open(one) and one.outcome not in OPEN for one in probes):
        outcomes.add(Outcome.GRADER_ERROR)  # said to be settled, without a share
    for outcome in (*OPEN, Outcome.FAILED, Outcome.BORDERLINE):
        if outcome in outcomes:
            return outcome
    return Outcome.PASSED


def _evidence(criterion: Criterion, probes: list[ProbeResult]) -> list[str]:
    """The sentences of public probes; one sentence for all hidden ones, without what they say."""
    told = []
    for one in probes:
        if one.public:
            told += [one.evidence] if one.evidence else []
            told += [f"Example: {one.example}"] if one.example else []
    hidden = [one for one in probes if not one.public]
    if hidden:
        told.append(_told_of_hidden(criterion, hidden))
    return told


def _told_of_hidden(criterion: Criterion, hidden: list[ProbeResult]) -> str:
    if any(is_open(one) for one in hidden):
        return "Further checks could not be brought to an end."
    if all(one.outcome is Outcome.PASSED for one in hidden):
        return "Further checks are met."
    return f"Further checks are not all met. What they ask: {criterion.asks}"


def _next_steps(criterion: Criterion, probes: list[ProbeResult]) -> list[str]:
    steps = [one.next_step for one in probes if one.public and one.next_step]
    hidden = [one for one in probes if not one.public and one.outcome is not Outcome.PASSED]
    if any(one.outcome is Outcome.GRADER_ERROR for one in hidden):
        steps.append("Your instructor has to look at what the grader could not check.")
    elif any(is_open(one) for one in hidden):
        steps.append("Look for endless loops, very slow code and very large arrays.")
    elif hidden:
        steps.append("Test cases of your own, larger and stranger than the shown ones.")
    return list(dict.fromkeys(steps))
