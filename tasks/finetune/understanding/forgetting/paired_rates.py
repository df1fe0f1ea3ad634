"""The interval of a difference of two rates over the same few questions."""

import math

from scipy.stats import binomtest

CONFIDENCE = 0.95


def rate_interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a rate, in 0..1 (Wilson 1927)."""
    found = binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def paired_interval(
    both: int, first_only: int, second_only: int, neither: int
) -> tuple[float, float]:
    """95 % interval of the second rate minus the first.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), method 10. A bootstrap of five questions
    without a change would claim an interval of exactly 0 to 0; this one does not.

    Args:
        both: questions that both got right.
        first_only: that only the first got right.
        second_only: that only the second got right.
        neither: that none got right.
    """
    n = both + first_only + second_only + neither
    first, second = (both + first_only) / n, (both + second_only) / n
    first_low, first_high = rate_interval(both + first_only, n)
    second_low, second_high = rate_interval(both + second_only, n)
    phi = _correlation(both, first_only, second_only, neither)
    below = _length(second - second_low, first_high - first, phi)
    above = _length(second_high - second, first - first_low, phi)
    return second - first - below, second - first + above


def _length(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one**2 - 2 * phi * one * other + other**2, 0.0))


def _correlation(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Phi of the four-fold table, made smaller for continuity as the paper says."""
    product = (
        (both + first_only)
        * (second_only + neither)
        * (both + second_only)
        * (first_only + neither)
    )
    if not product:
        return 0.0
    n = both + first_only + second_only + neither
    numerator = both * neither - first_only * second_only
    if numerator > 0:
        numerator = max(numerator - n / 2, 0)
    return numerator / math.sqrt(product)
