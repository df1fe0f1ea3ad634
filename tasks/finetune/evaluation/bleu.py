"""Corpus BLEU of answers against references, by nltk and by sacreBLEU.

Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002: up to
4-grams, uniform weights, one reference a row. The two differ in their words, their smoothing of
orders without a match, and their scale; only the second has a signature by which other people's
figures can be compared (Post, "A Call for Clarity in Reporting BLEU Scores", 2018).

Both are given as statistics of counts that add up over rows, so that a resample needs no text.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tasks.finetune.evaluation.bootstrap import Statistic

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU

ORDERS = 4
NLTK_EPSILON = 0.1  # nltk's SmoothingFunction().method1
NLTK_SETTINGS = (
    "nltk corpus_bleu: 0 to 1, up to 4-grams, smoothing method1 (epsilon 0.1), words of "
    "NLTKWordTokenizer on the whole text, case kept"
)


def nltk_bleu(references: Sequence[str], answers: Sequence[str]) -> Statistic:
    """nltk's corpus BLEU, 0 to 1, as `NLTK_SETTINGS` says; of no word in common it is 0.

    Its tokenizer is one of regular expressions, so that no data of nltk need be downloaded.
    """
    return Statistic(
        np.array([_nltk_terms(*pair) for pair in zip(references, answers, strict=True)], float),
        _nltk_formula,
    )


def sacre_bleu(references: Sequence[str], answers: Sequence[str]) -> Statistic:
    """sacreBLEU's corpus BLEU, 0 to 100, with the settings of `sacre_signature`."""
    return Statistic(
        np.array([_sacre_terms(*pair) for pair in zip(references, answers, strict=True)], float),
        _sacre_formula,
    )


def sacre_signature() -> str:
    """sacreBLEU's signature of what `sacre_bleu` computes."""
    from sacrebleu.metrics import BLEU

    metric = BLEU()
    metric.corpus_score(["words"], [["words"]])  # the number of references is known only then
    return str(metric.get_signature())


def _nltk_terms(reference: str, answer: str) -> list[int]:
    """Matches of each order, n-grams of each order, words of the answer and of the reference."""
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.translate.bleu_score import modified_precision

    tokenize = NLTKWordTokenizer().tokenize
    expected, given = tokenize(reference), tokenize(answer)
    precisions = [modified_precision([expected], given, order + 1) for order in range(ORDERS)]
    matches = [precision.numerator for precision in precisions]
    totals = [precision.denominator for precision in precisions]
    return [*matches, *totals, len(given), len(expected)]


def _nltk_formula(sums: np.ndarray) -> np.ndarray:
    """nltk's corpus_bleu with method1, from sums of `_nltk_terms`, shape (resamples, 10)."""
    matches, totals = sums[:, :ORDERS], sums[:, ORDERS : 2 * ORDERS]
    given, expected = sums[:, -2], sums[:, -1]
    precisions = np.where(matches == 0, NLTK_EPSILON, matches) / totals
    shortness = np.minimum(0, 1 - expected / np.maximum(given, 1))
    bleu = np.exp(shortness + np.log(precisions).mean(axis=1))
    return np.where(matches[:, 0] == 0, 0.0, bleu)


def _sacre_terms(reference: str, answer: str) -> list[int]:
    """Matches of each order, n-grams of each order, words of the answer and of the reference."""
    score = _sacre_counter().sentence_score(answer, [reference])
    return [*score.counts, *score.totals, score.sys_len, score.ref_len]


def _sacre_formula(sums: np.ndarray) -> np.ndarray:
    """sacreBLEU's own formula on sums of `_sacre_terms`, shape (resamples, 10)."""
    from sacrebleu.metrics import BLEU

    return np.array(
        [
            BLEU.compute_bleu(
                correct=row[:ORDERS],
                total=row[ORDERS : 2 * ORDERS],
                sys_len=row[-2],
                ref_len=row[-1],
                smooth_method="exp",
            ).score
            for row in sums.round().astype(int).tolist()
        ]
    )


@cache
def _sacre_counter() -> "BLEU":
    from sacrebleu.metrics import BLEU

    # The effective order concerns a sentence's own score, of which only the counts are used.
    return BLEU(effective_order=True)
