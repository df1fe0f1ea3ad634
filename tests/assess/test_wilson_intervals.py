"""Intervals of shares."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tasks.assess.probes.intervals import against, wilson
from tasks.assess.results import Outcome


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (75, 100), (1499, 2000)])
def test_wilson_is_scipys(right: int, n: int) -> None:
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson(right, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_wilson_holds_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = [
        low <= 0.75 <= high
        for low, high in (wilson(int(k), 500) for k in rng.binomial(500, 0.75, 4000))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


def test_interval_across_the_threshold_is_borderline() -> None:
    assert against(0.75, 0.751, 0.80) is Outcome.PASSED
    assert against(0.75, 0.70, 0.749) is Outcome.FAILED
    assert against(0.75, 0.74, 0.76) is Outcome.BORDERLINE


def test_no_case_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0, 0)
