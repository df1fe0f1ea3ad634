"""Whole clusters, the shares that were asked for, and test rows that stay test rows."""

from collections import Counter

import numpy as np
import pytest

from tasks.finetune.splits import Member, assign, moves


def singles(source: str, count: int, start: int = 0) -> list[Member]:
    names = [f"{source}:{index:016x}" for index in range(start, start + count)]
    return [Member(name, name, source) for name in names]


def clustered(count: int, seed: int = 0) -> list[Member]:
    """Rows of three sources in clusters of 1 to 6, some of them across sources."""
    rng = np.random.default_rng(seed)
    rows: list[Member] = []
    while len(rows) < count:
        cluster = f"c{len(rows)}"
        for _ in range(int(rng.choice([1, 1, 1, 2, 3, 6]))):
            source = str(rng.choice(["faq", "faq", "manual", "synthetic"]))
            rows.append(Member(f"{source}:{rng.integers(2**62):016x}", cluster, source))
    return rows


def share(splits: dict[str, str], split: str) -> float:
    return Counter(splits.values())[split] / len(splits)


def test_every_row_has_one_split_and_clusters_are_whole():
    rows = clustered(3000)
    splits = assign(rows, seed=7)
    assert set(splits) == {row.row_id for row in rows}
    of_cluster: dict[str, set[str]] = {}
    for row in rows:
        of_cluster.setdefault(row.cluster_id, set()).add(splits[row.row_id])
    assert all(len(found) == 1 for found in of_cluster.values())


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("rows", [clustered(1000), singles("faq", 1000)], ids=["clusters", "rows"])
def test_shares_of_1000_rows_are_within_2_points(rows, seed):
    splits = assign(rows, seed)
    for split, wanted in {"train": 0.8, "val": 0.1, "test": 0.1}.items():
        assert share(splits, split) == pytest.approx(wanted, abs=0.02)


@pytest.mark.parametrize("seed", range(10))
def test_each_source_has_its_shares(seed):
    rows = [*singles("faq", 2000), *singles("manual", 60), *singles("synthetic", 300)]
    splits = assign(rows, seed)
    for source, tolerance in {"faq": 0.011, "manual": 0.02, "synthetic": 0.012}.items():
        of_source = {row.row_id: splits[row.row_id] for row in rows if row.source == source}
        assert share(of_source, "test") == pytest.approx(0.1, abs=tolerance)
        assert share(of_source, "val") == pytest.approx(0.1, abs=tolerance)


def test_other_shares_are_met_too():
    splits = assign(singles("faq", 2000), 1, shares=(0.5, 0.3, 0.2))
    assert share(splits, "train") == pytest.approx(0.5, abs=0.04)
    assert share(splits, "val") == pytest.approx(0.3, abs=0.02)
    assert share(splits, "test") == pytest.approx(0.2, abs=0.02)
    assert share(assign(singles("faq", 500), 1, shares=(1, 0, 0)), "train") == 1


def test_the_order_of_the_rows_does_not_matter_and_the_seed_does():
    rows = clustered(2000)
    shuffled = [rows[index] for index in np.random.default_rng(1).permutation(len(rows))]
    assert assign(rows, 3) == assign(shuffled, 3)
    assert assign(rows, 3) != assign(rows, 4)


def test_large_clusters_are_not_drawn_into_test_more_often():
    rows = [Member(f"faq:{i:016x}", f"c{i % 2000}", "faq") for i in range(8000)]
    rows += [Member(f"faq:a{i:015x}", f"single{i}", "faq") for i in range(8000)]
    splits = assign(rows, 5)
    of_large = {row.row_id: splits[row.row_id] for row in rows if row.row_id[4] != "a"}
    assert share(of_large, "test") == pytest.approx(0.1, abs=0.03)


def test_rows_added_elsewhere_move_no_test_row_to_training_even_without_a_memory():
    old = singles("faq", 1500)
    before = assign(old, 11)
    after = assign([*old, *singles("faq", 300, start=5000), *singles("manual", 200)], 11)
    went = moves(before, after)
    assert went[("test", "train")] == 0
    assert sum(went.values()) <= 15  # a threshold may move by a few rows


def test_with_a_memory_nobody_moves_when_rows_are_added():
    old = clustered(1500)
    before = assign(old, 11)
    joined = [
        Member(f"manual:new{index}", old[index].cluster_id, "manual")
        for index in np.random.default_rng(2).choice(len(old), 400, replace=False)
    ]
    after = assign([*old, *joined, *singles("hub", 700)], 11, previous=before)
    assert not moves(before, after)
    clusters = {row.cluster_id: before[row.row_id] for row in old}
    assert all(after[row.row_id] == clusters[row.cluster_id] for row in joined)
    assert share(after, "test") == pytest.approx(0.1, abs=0.02)


def test_a_memory_outlives_another_seed():
    rows = clustered(1200)
    before = assign(rows, 1)
    assert assign(rows, 2, previous=before) == before


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (("train", "test"), "test"),
        (("val", "test"), "test"),
        (("train", "val"), "val"),
        (("train", "train"), "train"),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_clusters_that_join_go_to_the_stricter_split(splits, expected, reverse):
    previous = {"faq:a": splits[0], "faq:b": splits[1]}
    rows = [Member(row_id, "joined", "faq") for row_id in ("faq:a", "faq:b", "faq:new")]
    after = assign(rows[::-1] if reverse else rows, 0, previous=previous)
    assert set(after.values()) == {expected}
    assert moves(previous, after)[("test", "train")] == 0


def test_a_dropped_duplicate_still_tells_where_its_cluster_was():
    rows = [Member("faq:old", "c", "faq"), Member("manual:new", "c", "manual")]
    for split in ("train", "val", "test"):
        assert assign(rows, 0, previous={"faq:old": split})["manual:new"] == split


def test_ids_that_are_gone_are_ignored_and_few_rows_are_no_problem():
    assert assign([], 0, previous={"faq:gone": "test"}) == {}
    assert set(assign(singles("faq", 1), 0).values()) <= {"train", "val", "test"}


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="sum to 1"):
        assign(singles("faq", 3), 0, shares=shares)


def test_a_row_given_twice_is_refused():
    with pytest.raises(ValueError, match="given twice"):
        assign([*singles("faq", 3), *singles("faq", 1)], 0)
