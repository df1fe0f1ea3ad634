"""From criteria to the grade of a milestone."""

import math
from collections.abc import Iterable, Sequence

from tasks.assess.results import CriterionResult, MilestoneResult, Outcome, ProbeResult
from tasks.assess.rubrics.levels import FULL, exact, level_of
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.criterion import OPEN, score_criterion


def score_milestone(
    rubric: Rubric,
    found: Iterable[ProbeResult],
    *,
    student: str,
    submission_hash: str,
    grader_version: str,
    data_seed: int,
    seconds: float,
    public_only: bool = False,
) -> MilestoneResult:
    """The grade that the probes give, in whatever order they ended.

    Raises:
        ValueError: two results of one probe.
    """
    by_name: dict[str, ProbeResult] = {}
    for one in found:
        if one.probe in by_name:
            raise ValueError(f"two results of probe '{one.probe}'")
        by_name[one.probe] = one
    return milestone_of(
        rubric,
        [score_criterion(one, by_name, public_only=public_only) for one in rubric.criteria],
        student=student,
        submission_hash=submission_hash,
        grader_version=grader_version,
        data_seed=data_seed,
        seconds=seconds,
    )


def milestone_of(
    rubric: Rubric,
    criteria: Sequence[CriterionResult],
    *,
    student: str,
    submission_hash: str,
    grader_version: str,
    data_seed: int,
    seconds: float,
) -> MilestoneResult:
    """The grade that scored criteria give.

    A final score is the sum of the points. A provisional one is the points of the settled
    criteria, scaled to 100, and never stands alone: `lowest` and `highest` say what is possible.
    """
    settled = [one for one in criteria if one.score is not None]
    provisional = len(settled) < len(criteria)
    lowest = exact(math.fsum(_bound(one.lowest, one.score, 0.0) for one in criteria))
    highest = exact(math.fsum(_bound(one.highest, one.score, one.max_score) for one in criteria))
    score = _score(settled)
    return MilestoneResult(
        student=student,
        milestone=rubric.id,
        criteria=list(criteria),
        score=score,
        level="" if score is None else level_of(score, rubric.levels).name,
        provisional=provisional,
        outcome=_outcome(rubric, criteria, lowest, highest),
        submission_hash=submission_hash,
        grader_version=grader_version,
        data_seed=data_seed,
        seconds=seconds,
        lowest=lowest,
        highest=highest,
    )


def _bound(given: float | None, score: float | None, otherwise: float) -> float:
    if score is not None and given is None:
        return score
    return otherwise if given is None else given


def _score(settled: Sequence[CriterionResult]) -> float | None:
    if not settled:
        return None
    points = math.fsum(one.score or 0.0 for one in settled)
    return exact(FULL * points / math.fsum(one.max_score for one in settled))


def _outcome(
    rubric: Rubric, criteria: Sequence[CriterionResult], lowest: float, highest: float
) -> Outcome:
    """Passed or failed as soon as nothing that is open could change it; else what it waits for.

    Borderline where the points that only a borderline probe withholds would make it pass.
    """
    if lowest >= rubric.pass_mark:
        return Outcome.PASSED
    if highest >= rubric.pass_mark:
        waiting = {one.outcome for one in criteria if one.score is None}
        return next(outcome for outcome in OPEN if outcome in waiting)
    withheld = math.fsum(_withheld(rubric, one) for one in criteria if one.score is not None)
    return Outcome.BORDERLINE if exact(highest + withheld) >= rubric.pass_mark else Outcome.FAILED


def _withheld(rubric: Rubric, result: CriterionResult) -> float:
    """Points that borderline probes withhold; none where a person has given the score."""
    criterion = rubric.criterion(result.criterion)
    weights = criterion.probes if criterion else {}
    shares = [(weights.get(one.probe, 0.0), one.share or 0.0, one.outcome) for one in result.probes]
    total = math.fsum(weight for weight, _, _ in shares)
    if not total:
        return 0.0
    scale = result.max_score / total  # a student's own check has public probes only
    earned = math.fsum(scale * weight * share for weight, share, _ in shares)
    if exact(earned) != result.score:
        return 0.0
    return math.fsum(
        scale * weight * (1.0 - share)
        for weight, share, outcome in shares
        if outcome is Outcome.BORDERLINE
    )
