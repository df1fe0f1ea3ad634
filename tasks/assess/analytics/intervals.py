"""95 % intervals of the shares and means of a class, taken as a sample of classes like it."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from scipy import stats

Interval = tuple[float, float]


def share_interval(count: int, n: int) -> Interval | None:
    """Wilson's interval of a share; None without any cases."""
    if not n:
        return None
    interval = stats.binomtest(count, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(values: Sequence[float], least: float, most: float) -> Interval | None:
    """Student's t interval of a mean, within the scale; None where nothing is known of the spread.

    That is so for fewer than two values, and where all are the same.
    """
    if len(set(values)) < 2:
        return None
    mean = fmean(values)
    half = float(stats.t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return max(least, mean - half), min(most, mean + half)
