"""Which answers score low."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.finetune.understanding.cases import Case

# The base model's answers score about this much by chance of common words, whatever they say.
ROUGE_L_BOUND = 0.15
# None of several key facts is a failure even at a somewhat higher ROUGE-L.
NO_FACT_OF = 3
NO_FACT_ROUGE_L_BOUND = 0.2
LEAST = 20


@dataclass(frozen=True)
class Bounds:
    """Below what an answer scores low.

    Attributes:
        rouge_l: an answer with less scores low.
        at_most: so does one with no more than this; -1 where the bound was not raised.
    """

    rouge_l: float = ROUGE_L_BOUND
    at_most: float = -1.0

    def is_low(self, case: Case) -> bool:
        """Whether an answer scores low."""
        if case.rouge_l < self.rouge_l or case.rouge_l <= self.at_most:
            return True
        has_none = case.key_facts_total >= NO_FACT_OF and case.key_facts == 0
        return has_none and case.rouge_l < NO_FACT_ROUGE_L_BOUND

    def __str__(self) -> str:
        stated = (
            f"ROUGE-L below {self.rouge_l}, or below {NO_FACT_ROUGE_L_BOUND} with none of at least "
            f"{NO_FACT_OF} key facts"
        )
        if self.at_most < 0:
            return stated
        return (
            f"ROUGE-L of at most {self.at_most:.3f}: the bounds ({stated}) were raised so that at "
            f"least {LEAST} answers are looked at, or all"
        )


def bounds_of(cases: Sequence[Case]) -> Bounds:
    """The stated bounds, raised where fewer than `LEAST` answers are below them.

    They are raised to the score that takes in so many, and everything that scores the same.
    """
    stated = Bounds()
    if sum(stated.is_low(case) for case in cases) >= min(LEAST, len(cases)):
        return stated
    return Bounds(at_most=sorted(case.rouge_l for case in cases)[:LEAST][-1])


def low_scoring(cases: Sequence[Case], bounds: Bounds) -> list[Case]:
    """All answers that score low, the lowest first."""
    low = [case for case in cases if bounds.is_low(case)]
    return sorted(low, key=lambda case: (case.rouge_l, case.row_id))
