"""95 % intervals of a figure and of a difference, by resampling clusters of rows.

Rows that are near-duplicates of each other are not independent evidence, so whole clusters are
drawn, with replacement, as many as there are (Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8). The interval lies between percentiles of the resampled figures.
Two systems that answered the same rows get the same draws (Koehn, "Statistical Significance Tests
for Machine Translation Evaluation", 2004), so that hard rows are hard for both.

A figure is given as a `Statistic`: terms of each row that add up over rows, and a formula from
their sums to the figure. A resample is then one row of a matrix product, for corpus BLEU as well.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
CONFIDENCE = 0.95
# Percentile intervals of fewer clusters are too narrow: five that agree by chance exclude zero.
LEAST_CLUSTERS = 10


@dataclass(frozen=True)
class Statistic:
    """A figure of many rows as a function of sums over them.

    Attributes:
        terms: numbers of each row that add up, shape (rows, terms).
        formula: from sums, shape (resamples, terms), to figures, shape (resamples,).
    """

    terms: np.ndarray
    formula: Callable[[np.ndarray], np.ndarray]

    def value(self) -> float:
        """The figure of all rows."""
        return float(self.formula(self.terms.sum(axis=0, keepdims=True))[0])


@dataclass(frozen=True)
class Interval:
    """A figure, its 95 % interval (NaN where there are not two clusters), and what it rests on."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


@dataclass(frozen=True)
class Difference:
    """A figure before and after, and after minus before with its 95 % interval."""

    before: Interval
    after: Interval
    value: float
    low: float
    high: float
    n: int
    clusters: int

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes zero and rests on at least `LEAST_CLUSTERS` clusters."""
        return self.clusters >= LEAST_CLUSTERS and (self.low > 0 or self.high < 0)


def mean(values: Sequence[float]) -> Statistic:
    """The mean of a number of each row, or the rate of True."""
    return ratio(values, np.ones(len(values)))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Statistic:
    """The sum of one number over the sum of another, such as -log p over tokens."""
    terms = np.column_stack([np.asarray(numerators, float), np.asarray(denominators, float)])
    return Statistic(terms, lambda sums: sums[:, 0] / sums[:, 1])


def cluster_labels(row_ids: Sequence[str], clusters: Mapping[str, str]) -> list[str]:
    """The cluster of each row; a row in no cluster is one by itself."""
    return [clusters.get(row_id, row_id) for row_id in row_ids]


def interval(
    statistic: Statistic, clusters: Sequence[Hashable], n: int = RESAMPLES, seed: int = 0
) -> Interval:
    """The figure and its percentile interval.

    Args:
        statistic: of the rows.
        clusters: the cluster of each row, in the same order.
        n: number of resamples.
        seed: of the draws; the same seed and clusters give the same draws.

    Raises:
        ValueError: no rows, a number that is not finite, or not one cluster a row.
    """
    cluster_of_row = _numbered(clusters, statistic)
    figures = _resampled(statistic, cluster_of_row, _draws(cluster_of_row, n, seed))
    return _interval(statistic, figures, cluster_of_row)


def difference(
    before: Statistic,
    after: Statistic,
    clusters: Sequence[Hashable],
    n: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Both figures and the paired interval of after minus before, over the same rows in one order.

    Arguments and errors as of `interval`.
    """
    cluster_of_row = _numbered(clusters, before, after)
    draws = _draws(cluster_of_row, n, seed)
    figures_before = _resampled(before, cluster_of_row, draws)
    figures_after = _resampled(after, cluster_of_row, draws)
    low, high = _percentiles(figures_after - figures_before)
    interval_before = _interval(before, figures_before, cluster_of_row)
    interval_after = _interval(after, figures_after, cluster_of_row)
    return Difference(
        interval_before,
        interval_after,
        value=interval_after.value - interval_before.value,
        low=low,
        high=high,
        n=interval_before.n,
        clusters=interval_before.clusters,
    )


def paired_difference(
    values_before: Sequence[float],
    values_after: Sequence[float],
    clusters: Sequence[Hashable],
    n: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """`difference` of the means of one number of each row before and after."""
    return difference(mean(values_before), mean(values_after), clusters, n, seed)


def _numbered(clusters: Sequence[Hashable], *statistics: Statistic) -> np.ndarray:
    """Clusters numbered from 0 in the order of their first rows, shape (rows,)."""
    for statistic in statistics:
        if len(statistic.terms) != len(clusters) or not len(clusters):
            raise ValueError(f"{len(statistic.terms)} rows in {len(clusters)} labels of clusters")
        if not np.isfinite(statistic.terms).all():
            raise ValueError("a row has a number that is not finite: leave the row out of both")
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])


def _draws(cluster_of_row: np.ndarray, n: int, seed: int) -> np.ndarray:
    """How often each resample has each cluster, shape (n, clusters)."""
    count = cluster_of_row.max() + 1
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=n)


def _resampled(statistic: Statistic, cluster_of_row: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The figure of each resample, shape (n,); empty where there is one cluster only."""
    if draws.shape[1] < 2:
        return np.empty(0)
    of_cluster = np.zeros((draws.shape[1], statistic.terms.shape[1]))
    np.add.at(of_cluster, cluster_of_row, statistic.terms)
    return statistic.formula(draws @ of_cluster)


def _interval(statistic: Statistic, figures: np.ndarray, cluster_of_row: np.ndarray) -> Interval:
    low, high = _percentiles(figures)
    clusters = int(cluster_of_row.max()) + 1
    return Interval(statistic.value(), low, high, len(cluster_of_row), clusters)


def _percentiles(figures: np.ndarray) -> tuple[float, float]:
    if not len(figures):
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(figures, [tail, 1 - tail])
    return float(low), float(high)
