"""ROUGE-1, ROUGE-2 and ROUGE-L of an answer against its reference, by the package rouge_score.

Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. Porter's stemmer is on; the
package lowers the case and takes runs of a-z and 0-9 for words, so that the marks of options and
paths do not count. ROUGE-L takes the whole text as one sequence.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

NAMES = ("rouge1", "rouge2", "rougeL")
STEMMER = True


def rouge(reference: str, answer: str) -> dict[str, float]:
    """F1 in 0..1 of each of `NAMES`; 0 where either text has no word."""
    scores = _scorer().score(reference, answer)
    return {name: float(scores[name].fmeasure) for name in NAMES}


@cache
def _scorer() -> "RougeScorer":
    from rouge_score.rouge_scorer import RougeScorer  # slow to import

    return RougeScorer(list(NAMES), use_stemmer=STEMMER)
