"""What a difference and its interval allow to say, and whether the difference matters."""

from tasks.finetune.evaluation.bootstrap import Difference

IMPROVED, WORSE, NOT_SHOWN = "improved", "worse", "no difference shown"


def verdict(difference: Difference, higher_is_better: bool) -> str:
    """`NOT_SHOWN` unless the interval excludes zero and rests on enough clusters."""
    if not difference.is_shown:
        return NOT_SHOWN
    return IMPROVED if (difference.value > 0) == higher_is_better else WORSE


def practical(difference: Difference, least: float) -> str:
    """Whether a difference matters, from the least that does: "yes", "perhaps" or "no".

    "yes" where the whole interval is beyond the least, "perhaps" where only the difference itself
    is, "no" where it is not or where no difference is shown.
    """
    if not difference.is_shown:
        return "no"
    if min(abs(difference.low), abs(difference.high)) >= least:
        return "yes"
    return "perhaps" if abs(difference.value) >= least else "no"
