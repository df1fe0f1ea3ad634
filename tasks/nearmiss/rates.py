"""Rates of rare events, with how sure they are."""

from scipy.stats import chi2


def poisson_rate(count: int, exposure: float) -> tuple[float, float, float]:
    """Events a unit of exposure with the exact 95 % interval of a count (Garwood 1936).

    Args:
        count: how many events.
        exposure: hours, or thousands of road users; above 0.

    Returns:
        The rate, and the interval's ends.
    """
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(0.975, 2 * count + 2) / 2
    return count / exposure, float(low) / exposure, float(high) / exposure
