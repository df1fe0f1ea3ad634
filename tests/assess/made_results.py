"""Results that several tests of exports and learning platforms share."""

from tasks.assess.results import CriterionResult, MilestoneResult, Outcome, ProbeResult

HIDDEN = "seed 4711, threshold 1e-5"


def criterion(name: str, score: float | None, max_score: float = 50.0, **more) -> CriterionResult:
    """A criterion whose hidden probe says what no student may read."""
    outcome = more.pop("outcome", Outcome.PASSED if score == max_score else Outcome.FAILED)
    hidden = ProbeResult(probe="hidden", outcome=outcome, share=None, evidence=HIDDEN)
    return CriterionResult(
        criterion=name,
        title=name.title(),
        max_score=max_score,
        score=score,
        outcome=outcome,
        evidence=more.pop("evidence", [f"{name} was looked at."]),
        probes=[hidden],
        **more,
    )


def result(
    student: str, *criteria: CriterionResult, milestone: str = "milestone1", **more
) -> MilestoneResult:
    """A milestone of these criteria, provisional where one is open."""
    waiting = any(one.score is None for one in criteria)
    settled = [one for one in criteria if one.score is not None]
    most = sum(one.max_score for one in settled)
    score = 100 * sum(one.score or 0.0 for one in settled) / most if most else None
    facts = {
        "score": score,
        "level": "Proficient" if score is not None else "",
        "provisional": waiting,
        "outcome": Outcome.PENDING if waiting else Outcome.PASSED,
        "submission_hash": "0" * 64,
        "grader_version": "1",
        "data_seed": 7,
        "seconds": 12.4,
        "lowest": sum(one.score or 0.0 for one in criteria),
        "highest": sum(one.max_score if one.score is None else one.score for one in criteria),
    }
    return MilestoneResult(
        student=student, milestone=milestone, criteria=list(criteria), **(facts | more)
    )
