"""A class with every outcome, as the results that grading gives."""

from tasks.assess.analytics.class_results import ClassResults, Milestone
from tasks.assess.results import CriterionResult, MilestoneResult, Outcome, ProbeResult

HOSTILE = "<script>alert(1)</script> **b** [x](http://example.org) $\\frac{$ \x1b[31mred"
UNTOLD = "seed 4711, threshold 0.0123"
LEVELS = ("Exemplary", "Proficient", "Developing", "Beginning", "Insufficient")
MILESTONES = (
    Milestone("milestone1", "Basic Inference", 1, 60.0, LEVELS),
    Milestone("milestone2", "Computer Vision", 2, 60.0, LEVELS),
    Milestone("milestone3", "Full Training", 3, 60.0, LEVELS),
)
TITLES = {
    "milestone1": ("Mathematical correctness", "Architecture"),
    "milestone2": ("Convolution", "Spatial processing"),
    "milestone3": ("Training pipeline", "Loss functions with gradients"),
}
CODE_QUALITY = 10.0


def probe(name: str, outcome: Outcome, share: float | None = None, **texts) -> ProbeResult:
    given = {"evidence": f"{name} ended as {outcome}.", "public": True} | texts
    return ProbeResult(probe=name, outcome=outcome, share=share, **given)


def criterion(title: str, most: float, share: float | None, outcome: Outcome | None = None):
    """A criterion of one public and one hidden probe; open where `share` is None."""
    if outcome is None:
        outcome = Outcome.PASSED if share == 1 else Outcome.FAILED
    name = title.lower().replace(" ", "_")
    shown = probe(
        f"{name}_shown",
        outcome,
        share,
        evidence=f"{title}: forward exact; kernel gradient is None.",
        example="input  [[1 2]\n        [3 4]]\nyours  None" if share != 1 else "",
        next_step="" if share == 1 else f"Work {title.lower()} out by hand.",
    )
    hidden = probe(f"{name}_hidden", outcome, share, public=False, evidence=UNTOLD, example=UNTOLD)
    return CriterionResult(
        criterion=name,
        title=title,
        max_score=most,
        score=None if share is None else most * share,
        outcome=outcome,
        evidence=[shown.evidence, "Further checks are not all met."],
        next_steps=[shown.next_step] if shown.next_step else [],
        probes=[shown, hidden],
        lowest=0.0 if share is None else most * share,
        highest=most if share is None else most * share,
    )


def human(score: float | None) -> CriterionResult:
    return CriterionResult(
        criterion="code_quality",
        title="Code quality",
        max_score=CODE_QUALITY,
        score=score,
        outcome=Outcome.PENDING if score is None else Outcome.PASSED,
        evidence=["A person has not scored this yet." if score is None else "Clear names."],
        human=True,
        lowest=0.0 if score is None else score,
        highest=CODE_QUALITY if score is None else score,
    )


def milestone(
    student: str,
    of: str,
    first: float | None,
    second: float | None,
    judged: float | None = 8.0,
    outcome: Outcome | None = None,
) -> MilestoneResult:
    """A result from the shares of its two criteria (50 and 40 points) and a person's points."""
    titles = TITLES[of]
    criteria = [
        criterion(titles[0], 50.0, first, outcome if first is None else None),
        criterion(titles[1], 40.0, second, outcome if second is None else None),
        human(judged),
    ]
    settled = [one for one in criteria if one.score is not None]
    most = sum(one.max_score for one in settled)
    score = 100 * sum(one.score for one in settled) / most if settled else None
    low, high = sum(one.lowest for one in criteria), sum(one.highest for one in criteria)
    bounds = zip(LEVELS, (90, 80, 70, 60, 0), strict=True)
    return MilestoneResult(
        student=student,
        milestone=of,
        criteria=criteria,
        score=score,
        level="" if score is None else next(name for name, at_least in bounds if score >= at_least),
        provisional=len(settled) < len(criteria),
        outcome=outcome or (Outcome.PASSED if low >= 60 else Outcome.FAILED),
        submission_hash="ab" * 32,
        grader_version="2.1",
        data_seed=4711,
        seconds=40.0,
        lowest=low,
        highest=high,
    )


def some_class() -> ClassResults:
    """Ten students: of milestone 1 six completed it, one may, two failed, one handed in nothing."""
    students = [f"s{place:02d}" for place in range(9)] + [HOSTILE]
    results = [milestone(student, "milestone1", 1.0, 0.9) for student in students[:5]]
    results += [
        milestone("s05", "milestone1", 1.0, 0.8, judged=None, outcome=Outcome.PENDING),
        milestone("s06", "milestone1", None, 0.5, outcome=Outcome.NOT_GRADABLE),
        milestone("s07", "milestone1", 0.2, 0.5),
        milestone(HOSTILE, "milestone1", 0.4, 0.5),
        *(milestone(student, "milestone2", 1.0, 1.0) for student in students[:2]),
        *(milestone(student, "milestone2", 0.2, 0.5) for student in students[2:8]),
        milestone(HOSTILE, "milestone2", 0.0, 0.0, judged=0.0),
        milestone("s00", "milestone3", 1.0, 1.0),
        milestone("gone", "milestone1", 1.0, 1.0),
    ]
    history = [
        {"student": "s00", "milestone": "milestone1", "score": 40.0, "time": "2026-10-01T10:00"},
        {"student": "s00", "milestone": "milestone1", "score": 94.0, "time": "2026-10-03T10:00"},
        {"student": "s01", "milestone": "milestone1", "score": None, "time": "2026-10-02T10:00"},
        {"student": "s01", "milestone": "milestone1", "score": 80.0, "time": "2026-10-04T10:00"},
        {"student": "s01", "milestone": "milestone1", "score": 94.0, "time": "2026-10-05T10:00"},
        {"student": "s07", "milestone": "milestone2", "score": 38.0, "time": "2026-11-05T10:00"},
        {"student": "gone", "milestone": "milestone1", "score": 99.0, "time": "2026-10-05T10:00"},
    ]
    missing = [(student, one.id) for student in students for one in MILESTONES[:2]]
    return ClassResults.gather("evening", students, MILESTONES, results, history, missing)
