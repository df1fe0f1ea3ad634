"""Which answers score low."""

from collections.abc import Sequence

from tasks.finetune.understanding.cases import Case

# The base model's answers score about this much by chance of common words, whatever they say.
ROUGE_L_BOUND = 0.15
# None of several key facts is a failure even at a somewhat higher ROUGE-L.
NO_FACT_OF = 3
NO_FACT_ROUGE_L_BOUND = 0.2
LEAST = 20


def low_scoring(cases: Sequence[Case]) -> tuple[list[Case], str]:
    """All answers below the bounds, the lowest first, and the bounds in words.

    Where fewer than `LEAST` are below them, the bound of ROUGE-L is raised to take in so many, and
    everything that scores the same.
    """
    in_order = sorted(cases, key=lambda case: (case.rouge_l, case.row_id))
    low = [case for case in in_order if _is_low(case)]
    threshold = (
        f"ROUGE-L below {ROUGE_L_BOUND}, or below {NO_FACT_ROUGE_L_BOUND} with none of at least "
        f"{NO_FACT_OF} key facts"
    )
    if len(low) >= min(LEAST, len(in_order)):
        return low, threshold
    bound = in_order[:LEAST][-1].rouge_l
    low = [case for case in in_order if case.rouge_l <= bound or _is_low(case)]
    return low, (
        f"ROUGE-L of at most {bound:.3f}: the bounds ({threshold}) were raised so that at least "
        f"{min(LEAST, len(in_order))} answers are looked at"
    )


def _is_low(case: Case) -> bool:
    if case.rouge_l < ROUGE_L_BOUND:
        return True
    has_none = case.key_facts_total >= NO_FACT_OF and case.key_facts == 0
    return has_none and case.rouge_l < NO_FACT_ROUGE_L_BOUND
