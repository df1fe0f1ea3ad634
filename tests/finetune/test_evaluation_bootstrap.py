"""Intervals cover what they should, know clusters, and do not see differences in equal systems."""

import math

import numpy as np
import pytest

from tasks.finetune.evaluation.bootstrap import (
    LEAST_CLUSTERS,
    Statistic,
    cluster_labels,
    difference,
    interval,
    mean,
    paired_difference,
    ratio,
)


def made_differences(drawn, clusters, of_each, effect=0.0):
    """Before and after of rows whose clusters share most of their noise."""
    shared = np.repeat(drawn.normal(0, 1, clusters), of_each)
    before = drawn.normal(0, 1, clusters * of_each)
    after = before + effect + shared + drawn.normal(0, 0.3, clusters * of_each)
    return before, after, np.repeat(np.arange(clusters), of_each)


def test_the_interval_of_the_difference_covers_the_truth_as_often_as_it_says():
    drawn = np.random.default_rng(1)
    effect = 0.4
    covered = 0
    for repeat in range(400):
        found = paired_difference(*made_differences(drawn, 60, 3, effect), n=300, seed=repeat)
        covered += found.low <= effect <= found.high
    # Binomial(400, 0.95) lies in 363..395 with 99.8 %; the percentile interval is a little narrow.
    assert 0.90 <= covered / 400 <= 0.985


def test_rows_taken_for_independent_cover_too_seldom():
    drawn = np.random.default_rng(1)
    covered = 0
    for repeat in range(100):
        before, after, _ = made_differences(drawn, 40, 5)
        found = paired_difference(before, after, range(200), n=200, seed=repeat)
        covered += found.low <= 0 <= found.high
    assert covered / 100 < 0.80


def test_clusters_widen_the_interval():
    before, after, clusters = made_differences(np.random.default_rng(2), 40, 4)
    together = paired_difference(before, after, clusters)
    apart = paired_difference(before, after, range(160))
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert together.value == apart.value
    assert (together.n, together.clusters, apart.clusters) == (160, 40, 160)


def test_a_pair_is_compared_more_sharply_than_two_systems_apart():
    drawn = np.random.default_rng(3)
    before = drawn.normal(0, 1, 100)
    after = before + 0.1 + drawn.normal(0, 0.1, 100)
    paired = paired_difference(before, after, range(100))
    assert paired.is_shown
    assert interval(mean(before), range(100)).high > interval(mean(after), range(100)).low


def test_equal_systems_never_differ():
    values = np.random.default_rng(4).random(50)
    found = paired_difference(values, values, range(50))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert not found.is_shown


def test_a_difference_of_few_clusters_is_not_shown_though_every_row_agrees():
    few = LEAST_CLUSTERS - 1
    found = paired_difference([0.0] * few, [1.0] * few, range(few))
    assert found.low == 1
    assert not found.is_shown
    assert paired_difference([0.0] * (few + 1), [1.0] * (few + 1), range(few + 1)).is_shown


def test_one_cluster_has_a_value_and_no_interval():
    found = paired_difference([0.0, 1.0], [1.0, 1.0], ["same", "same"])
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.before.high)
    assert not found.is_shown


def test_a_ratio_is_resampled_as_one():
    numerators, denominators = np.array([10.0, 1.0, 4.0] * 20), np.array([100.0, 1.0, 20.0] * 20)
    found = interval(ratio(numerators, denominators), range(60))
    assert found.value == pytest.approx(15 / 121)
    assert found.low < 15 / 121 < found.high


def test_a_resample_is_drawn_with_replacement_and_the_seed_decides():
    seen = []
    statistic = Statistic(np.eye(12), lambda sums: seen.append(sums) or sums[:, 0])
    interval(statistic, range(12), n=50, seed=7)
    assert (seen[0].sum(axis=1) == 12).all()
    assert seen[0].max() > 1
    values = list(range(12))
    assert interval(mean(values), range(12), seed=7) == interval(mean(values), range(12), seed=7)
    assert interval(mean(values), range(12), seed=7) != interval(mean(values), range(12), seed=8)


def test_rows_without_a_cluster_are_one_each():
    assert cluster_labels(["a", "b", "c"], {"a": "x", "b": "x"}) == ["x", "x", "c"]


@pytest.mark.parametrize(
    ("before", "after", "clusters"),
    [([], [], []), ([1.0], [1.0], [0, 1]), ([math.nan, 1.0], [1.0, 1.0], [0, 1])],
)
def test_what_cannot_be_resampled_is_refused(before, after, clusters):
    with pytest.raises(ValueError, match="row"):
        difference(mean(before), mean(after), clusters)
