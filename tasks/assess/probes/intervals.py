"""How sure a share measured on n cases is."""

from math import sqrt

from tasks.assess.results import Outcome

Z_95 = 1.959964


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927).

    Raises:
        ValueError: n is not positive.
    """
    if n < 1:
        raise ValueError("an interval needs at least one case")
    share, z2 = right / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def against(threshold: float, low: float, high: float) -> Outcome:
    """Passed or failed where the whole interval says so, else borderline; more is better."""
    if low >= threshold:
        return Outcome.PASSED
    return Outcome.FAILED if high < threshold else Outcome.BORDERLINE
