"""A verdict needs its interval, and a difference matters from its stated minimum on."""

import pytest

from tasks.finetune.evaluation.bootstrap import Difference, Interval
from tasks.finetune.evaluation.verdict import practical, verdict


def difference(low, high, clusters=50):
    value = (low + high) / 2
    before, after = (Interval(v, v - 0.1, v + 0.1, 60, clusters) for v in (0.5, 0.5 + value))
    return Difference(before, after, value, low, high, 60, clusters)


@pytest.mark.parametrize(
    ("low", "high", "higher_is_better", "expected"),
    [
        (0.01, 0.2, True, "improved"),
        (0.01, 0.2, False, "worse"),
        (-0.2, -0.01, True, "worse"),
        (-0.2, -0.01, False, "improved"),
        (-0.01, 0.2, True, "no difference shown"),
        (0.0, 0.2, True, "no difference shown"),
        (-0.2, 0.0, False, "no difference shown"),
    ],
)
def test_a_verdict_is_given_only_where_the_interval_excludes_zero(
    low, high, higher_is_better, expected
):
    assert verdict(difference(low, high), higher_is_better) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.06, 0.2, "yes"),
        (-0.2, -0.06, "yes"),
        (0.01, 0.2, "perhaps"),
        (0.01, 0.06, "no"),
        (-0.1, 0.5, "no"),
    ],
)
def test_a_difference_matters_from_its_minimum_on(low, high, expected):
    assert practical(difference(low, high), least=0.05) == expected


def test_few_clusters_allow_no_verdict():
    few = difference(0.1, 0.2, clusters=9)
    assert verdict(few, True) == "no difference shown"
    assert practical(few, 0.05) == "no"
