"""How outcomes, scores and checks are put into words for students."""

from tasks.assess.results import CriterionResult, Outcome
from tasks.assess.rubrics.levels import shown

MEANING = {
    Outcome.PASSED: "It does what is asked.",
    Outcome.FAILED: "It does not do all that is asked.",
    Outcome.BORDERLINE: (
        "Too close to the threshold to call: the measured interval lies on both sides of it."
    ),
    Outcome.NOT_GRADABLE: (
        "The check could not be brought to an end, so it says nothing for or against the work."
    ),
    Outcome.GRADER_ERROR: "The grader itself had trouble; no point is lost by that.",
    Outcome.PENDING: "It waits for a person.",
}


def points(value: float) -> str:
    """Points without needless decimals, rounded down as levels are chosen without rounding."""
    return f"{shown(value):g}"


def percent(value: float | None) -> str:
    """A score of 100 with one decimal, rounded down, or a dash where there is none."""
    return "-" if value is None else f"{shown(value):.1f}"


def earned(criterion: CriterionResult) -> str:
    """ "28 of 35 points", or which points are possible while it is open."""
    most = points(criterion.max_score)
    if criterion.score is not None:
        return f"{points(criterion.score)} of {most} points"
    low = 0.0 if criterion.lowest is None else criterion.lowest
    high = criterion.max_score if criterion.highest is None else criterion.highest
    return f"open: {points(low)} to {points(high)} of {most} points"


def check_name(probe: str) -> str:
    """A probe's registry name as words."""
    return probe.replace("_", " ")
