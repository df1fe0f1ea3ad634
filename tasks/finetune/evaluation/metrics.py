"""The metrics by which two systems are compared, and from which difference on they matter."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.finetune.curation.words import count_words
from tasks.finetune.evaluation.bleu import nltk_bleu, sacre_bleu
from tasks.finetune.evaluation.bootstrap import Statistic, mean
from tasks.finetune.evaluation.perplexity import bits_a_byte, perplexity


@dataclass(frozen=True)
class Metric:
    """A figure of a system's answers.

    Attributes:
        key: its name in code.
        label: its name for people, with the scale.
        higher_is_better: or lower.
        least: the smallest difference that a reader of the answers would notice, in the metric's
            own unit, or as a share of the figure before where `is_relative`.
        needs: the column that must be a number in a row for the row to count.
        statistic: from one system's answers joined with their scores.
    """

    key: str
    label: str
    higher_is_better: bool
    least: float
    is_relative: bool
    needs: str
    statistic: Callable[[pd.DataFrame], Statistic]


def _mean_of(column: str) -> Callable[[pd.DataFrame], Statistic]:
    return lambda rows: mean(rows[column].astype(float).to_numpy())


def _words_off(rows: pd.DataFrame) -> Statistic:
    expected = rows["reference"].map(count_words)
    return mean(np.abs(rows["words"] - expected).to_numpy(float))


METRICS = (
    # A twentieth fewer equally likely choices for each token.
    Metric(
        "perplexity",
        "Perplexity",
        False,
        0.05,
        True,
        "nll",
        lambda rows: perplexity(rows["nll"], rows["nll_tokens"]),
    ),
    Metric(
        "bits_a_byte",
        "Bits a byte",
        False,
        0.02,
        True,
        "nll",
        lambda rows: bits_a_byte(rows["nll"], rows["reference"].tolist()),
    ),
    # One word in fifty more in common; single turns of phrase give less.
    Metric("rouge1", "ROUGE-1 F1 (0 to 1)", True, 0.02, False, "rouge1", _mean_of("rouge1")),
    Metric("rouge2", "ROUGE-2 F1 (0 to 1)", True, 0.02, False, "rouge2", _mean_of("rouge2")),
    Metric("rougeL", "ROUGE-L F1 (0 to 1)", True, 0.02, False, "rougeL", _mean_of("rougeL")),
    # One point of BLEU is what reports of machine translation take for a difference worth a name.
    Metric(
        "nltk_bleu",
        "BLEU, nltk (0 to 1)",
        True,
        0.01,
        False,
        "rouge1",
        lambda rows: nltk_bleu(rows["reference"].tolist(), rows["answer"].tolist()),
    ),
    Metric(
        "sacre_bleu",
        "BLEU, sacreBLEU (0 to 100)",
        True,
        1.0,
        False,
        "rouge1",
        lambda rows: sacre_bleu(rows["reference"].tolist(), rows["answer"].tolist()),
    ),
    # One fact more in twenty.
    Metric(
        "key_facts",
        "Key facts found (0 to 1)",
        True,
        0.05,
        False,
        "key_facts",
        _mean_of("key_facts"),
    ),
    Metric("ended", "Answers that end (0 to 1)", True, 0.05, False, "rouge1", _mean_of("ended")),
    # About a sentence.
    Metric(
        "words_off", "Words off the reference's length", False, 15.0, False, "words", _words_off
    ),
)
