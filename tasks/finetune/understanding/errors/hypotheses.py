"""Why answers score low: each hypothesis with the figure that speaks for or against it.

A hypothesis about all answers is a rank correlation of ROUGE-L with a property of the row
(Spearman), or a difference of failure rates between groups; both with 95 % intervals of clustered
resamples. It is called shown only where the interval excludes zero and rests on at least
`LEAST_CLUSTERS` clusters, and of groups only where each has `LEAST_OF_GROUP` answers. None of this
is an experiment: what goes together with failing need not be its cause.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tasks.finetune.curation.words import count_words
from tasks.finetune.evaluation.bootstrap import (
    CONFIDENCE,
    LEAST_CLUSTERS,
    RESAMPLES,
    cluster_labels,
)
from tasks.finetune.evaluation.key_facts import key_facts, missing
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

SEED = 0
LEAST_ROWS = 10
# Answers that each of two groups must have to be compared.
LEAST_OF_GROUP = 8


def hypotheses(
    cases: Sequence[Case],
    failed: Sequence[bool],
    known: TrainingText,
    clusters: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Hypotheses with claim, figure, evidence and shown: those that are shown first.

    Args:
        cases: all answers of the tuned model.
        failed: whether each scores low.
        known: the rows of training.
        clusters: row id to near-duplicate group.
    """
    labels = cluster_labels([case.row_id for case in cases], clusters or {})
    group = np.unique(np.array(labels, object).astype(str), return_inverse=True)[1]
    sample = _Sample(cases, np.array(failed, bool), group)
    found = [
        _reference_length(sample),
        _domain_rows(sample, known),
        _prompt_length(sample),
        _token_limit(sample),
        _source(sample),
        _unseen_facts(sample, known),
    ]
    return sorted((each for each in found if each), key=lambda each: not each["shown"])


class _Sample:
    """The answers with their clusters, and resamples of them."""

    def __init__(self, cases: Sequence[Case], failed: np.ndarray, group: np.ndarray) -> None:
        self.cases = list(cases)
        self.failed = failed
        self.scores = np.array([case.rouge_l for case in cases])
        self._members = [np.flatnonzero(group == number) for number in range(group.max() + 1)]

    def interval(
        self, figure: Callable[[np.ndarray], float], confidence: float = CONFIDENCE
    ) -> tuple[float, float]:
        """Interval of a figure of row numbers, shape (rows,); NaN where it is undefined, or there
        are fewer than `LEAST_CLUSTERS` clusters, of which it would be too narrow."""
        if len(self._members) < LEAST_CLUSTERS:
            return math.nan, math.nan
        chance = np.random.default_rng(SEED)
        values = []
        for _ in range(RESAMPLES):
            drawn = chance.integers(len(self._members), size=len(self._members))
            values.append(figure(np.concatenate([self._members[number] for number in drawn])))
        finite = np.array(values)[np.isfinite(values)]
        # A figure that most resamples lack has no interval.
        if len(finite) < RESAMPLES / 2:
            return math.nan, math.nan
        tail = (1 - confidence) / 2
        low, high = np.quantile(finite, [tail, 1 - tail])
        return float(low), float(high)

    def correlation(self, values: np.ndarray) -> tuple[float, float, float]:
        """Spearman's rank correlation of values with ROUGE-L, and its interval."""

        def figure(rows: np.ndarray) -> float:
            return _spearman(values[rows], self.scores[rows])

        return figure(np.arange(len(values))), *self.interval(figure)

    def rate_difference(self, chosen: np.ndarray, confidence: float) -> tuple[float, float, float]:
        """Failure rate of the chosen rows minus that of the others, and its interval."""

        def figure(rows: np.ndarray) -> float:
            inside, outside = self.failed[rows][chosen[rows]], self.failed[rows][~chosen[rows]]
            return inside.mean() - outside.mean() if len(inside) and len(outside) else math.nan

        return figure(np.arange(len(chosen))), *self.interval(figure, confidence)

    def rates(self, chosen: np.ndarray) -> str:
        """Failures of the chosen rows and of the others, in words."""
        inside, outside = self.failed[chosen], self.failed[~chosen]
        return f"{inside.sum()} of {len(inside)} against {outside.sum()} of {len(outside)} others"


def _reference_length(sample: _Sample) -> dict[str, Any] | None:
    words = np.array([count_words(case.reference) for case in sample.cases])
    longest = words >= np.quantile(words, 2 / 3)
    return _correlated(
        "length of the reference",
        sample,
        words,
        "The length of the answer that is asked for matters: the model loses or never reaches the "
        "points of {more} references.",
        ("long", "short"),
        f"Low-scoring in the longest third ({words[longest].min()} words and more): "
        f"{sample.rates(longest)}.",
    )


def _domain_rows(sample: _Sample, known: TrainingText) -> dict[str, Any] | None:
    rows = np.array([known.rows_of_domain[case.domain] for case in sample.cases])
    few = rows <= np.median(rows)
    return _correlated(
        "rows of training in the domain",
        sample,
        rows,
        "Domains with {more} rows of training are answered worse.",
        ("many", "few"),
        f"Low-scoring in domains with at most {np.median(rows):.0f} rows: {sample.rates(few)}.",
    )


def _prompt_length(sample: _Sample) -> dict[str, Any] | None:
    tokens = np.array([case.prompt_tokens for case in sample.cases])
    long = tokens >= np.quantile(tokens, 2 / 3)
    return _correlated(
        "length of the prompt",
        sample,
        tokens,
        "{more} prompts are understood worse.",
        ("Long", "Short"),
        f"Low-scoring of the longest third of the prompts ({tokens[long].min()} tokens and more): "
        f"{sample.rates(long)}.",
    )


def _token_limit(sample: _Sample) -> dict[str, Any] | None:
    cut = np.array([case.truncated or not case.ended for case in sample.cases])
    return _grouped(
        "limit of new tokens",
        sample,
        cut,
        "Answers that run into the limit of new tokens fail more often: the model does not come "
        "to an end in time.",
        f"{cut.sum()} of {len(cut)} answers ran into it.",
    )


def _source(sample: _Sample) -> dict[str, Any] | None:
    names = np.array([case.source for case in sample.cases])
    sources = [name for name in np.unique(names) if (names == name).sum() >= LEAST_OF_GROUP]
    if len(sources) < 2:
        return None
    rates = {name: float(sample.failed[names == name].mean()) for name in sources}
    worst = max(rates, key=lambda name: rates[name])
    each = ", ".join(f"{name} {100 * rate:.0f} %" for name, rate in rates.items())
    claim = f"Rows of the source {worst} are harder: they are written in another way than the rest."
    return _grouped(
        "source",
        sample,
        names == worst,
        claim,
        f"Low-scoring by source: {each}.",
        picked_of=len(sources),
    )


def _unseen_facts(sample: _Sample, known: TrainingText) -> dict[str, Any] | None:
    """Of the key facts of all references: are those found that training has, and others not?"""
    counts = np.zeros((len(sample.cases), 4))
    for number, case in enumerate(sample.cases):
        facts = key_facts(case.reference, case.question)
        lost = set(missing(facts, case.answer))
        for fact in facts:
            counts[number, 2 * (not known.states(fact)) + (fact in lost)] += 1
    seen_found, seen_lost, new_found, new_lost = counts.sum(axis=0)
    if not (seen_found + seen_lost and new_found + new_lost):
        return None

    def figure(rows: np.ndarray) -> float:
        found, lost, also_found, also_lost = counts[rows].sum(axis=0)
        if not (found + lost and also_found + also_lost):
            return math.nan
        return also_lost / (also_found + also_lost) - lost / (found + lost)

    value = figure(np.arange(len(counts)))
    low, high = sample.interval(figure)
    return {
        "name": "unseen key facts",
        "claim": "The model cannot state what it has never read: key facts that no row of training "
        "has are missed more often.",
        "figure": f"the share that is missed differs by {100 * value:+.0f} percentage points "
        f"({_interval(100 * low, 100 * high, 0)})",
        "evidence": f"Missed: {new_lost:.0f} of {new_found + new_lost:.0f} facts that training "
        f"lacks, {seen_lost:.0f} of {seen_found + seen_lost:.0f} that it has.",
        "shown": bool(low > 0),
        "value": _finite(value),
    }


def _correlated(
    name: str,
    sample: _Sample,
    values: np.ndarray,
    claim: str,
    sides: tuple[str, str],
    evidence: str,
) -> dict[str, Any] | None:
    """A hypothesis on a rank correlation; `sides` name large and small values in its claim."""
    if len(values) < LEAST_ROWS or len(np.unique(values)) < 2:
        return None
    value, low, high = sample.correlation(values)
    if math.isnan(value):
        return None
    return {
        "name": name,
        "claim": claim.format(more=sides[0] if value < 0 else sides[1]),
        "figure": f"Spearman's rho with ROUGE-L {value:+.2f} ({_interval(low, high, 2)}, "
        f"n = {len(values)})",
        "evidence": evidence,
        "shown": bool(low > 0 or high < 0),
        "value": value,
    }


def _grouped(
    name: str,
    sample: _Sample,
    chosen: np.ndarray,
    claim: str,
    evidence: str,
    picked_of: int = 1,
) -> dict[str, Any] | None:
    """A hypothesis on failure rates; None where a side has fewer than `LEAST_OF_GROUP` answers.

    A group that was picked as the worst of several is judged by the wider interval of as many
    comparisons (Bonferroni), since the worst of equal ones differs by chance.
    """
    if min(chosen.sum(), (~chosen).sum()) < LEAST_OF_GROUP:
        return None
    confidence = 1 - (1 - CONFIDENCE) / picked_of
    value, low, high = sample.rate_difference(chosen, confidence)
    picked = f" for the worst of {picked_of}" if picked_of > 1 else ""
    return {
        "name": name,
        "claim": claim,
        "figure": f"low-scoring {sample.rates(chosen)}, a difference of {100 * value:+.0f} "
        f"percentage points ({_interval(100 * low, 100 * high, 0, confidence)}{picked})",
        "evidence": evidence,
        "shown": bool(low > 0),
        "value": _finite(value),
    }


def _interval(low: float, high: float, digits: int, confidence: float = CONFIDENCE) -> str:
    """An interval in words, or that there is none."""
    if math.isnan(low):
        return "too few independent answers for an interval"
    return f"{100 * confidence:.3g} % interval {low:+.{digits}f} to {high:+.{digits}f}"


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of the ranks; NaN where one of them does not vary."""
    first, second = _ranks(one), _ranks(other)
    spread = first.std() * second.std()
    if not spread:
        return math.nan
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, those of equal values averaged; thousands of resamples need it quick."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[places]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
