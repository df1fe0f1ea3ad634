"""Near duplicates and clusters, against all pairs compared one by one."""

import random
from itertools import combinations

import numpy as np
import pytest
from curation_rows import ANSWER, row

from tasks.finetune.curation.near_duplicates import NearDuplicates, clusters
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.curation.shingles import jaccard, shingles

WORDS = [f"word{number}" for number in range(3000)]


def near(rows, settings=None):
    with NearDuplicates(settings) as found:
        for each in rows:
            found.add(each)
        return found.result()


def text_of(each):
    return "\n".join((each["instruction"], each["input"], each["output"]))


def made_rows(seed=5, families=40, per_family=5, length=60):
    """Families of texts, each a copy of its first with some words replaced."""
    draw = random.Random(seed)  # noqa: S311
    rows = []
    for family in range(families):
        first = draw.choices(WORDS, k=length)
        for member in range(per_family):
            words = list(first)
            for place in draw.sample(range(length), k=draw.choice([0, 1, 2, 4, 8]) * (member > 0)):
                words[place] = draw.choice(WORDS)
            row_id = f"made:{draw.getrandbits(64):016x}"
            rows.append(row(row_id=row_id, instruction=f"q{family}", output=" ".join(words)))
    draw.shuffle(rows)
    return rows


def test_shingles_are_runs_of_three_words():
    numbers = shingles("The cat sat, the CAT sat!")
    # the cat sat; cat sat the; sat the cat; the cat sat again
    assert len(numbers) == 3
    assert numbers.dtype == np.uint32
    assert list(shingles("the cat sat")) == [n for n in numbers if n in shingles("the cat sat")]
    assert len(shingles("")) == 0
    assert len(shingles("one")) == len(shingles("one two")) == 1
    assert jaccard(shingles("a b c d"), shingles("a b c e")) == pytest.approx(1 / 3)
    assert jaccard(shingles(""), shingles("")) == 0.0


def test_against_every_pair_compared():
    rows = made_rows()
    alike = near(rows)
    order = {each["row_id"]: place for place, each in enumerate(rows)}
    sets = {each["row_id"]: shingles(text_of(each)) for each in rows}
    kept = [each["row_id"] for each in rows if each["row_id"] not in alike.copies]
    assert 0 < len(alike.copies) < len(rows)
    for one, two in combinations(kept, 2):
        similarity = jaccard(sets[one], sets[two])
        assert similarity < 0.8
        if similarity >= 0.5:
            assert alike.clusters[one] == alike.clusters[two]
    for copy, kept_one in alike.copies.items():
        assert kept_one.of not in alike.copies
        assert order[kept_one.of] < order[copy]
        exact = jaccard(sets[copy], sets[kept_one.of])
        assert kept_one.similarity == pytest.approx(exact, abs=1e-4)
        assert exact >= 0.8
    assert set(alike.clusters) == set(kept)
    assert 40 <= len(set(alike.clusters.values())) < len(kept)


def test_clusters_do_not_depend_on_the_order_of_rows():
    rows = made_rows(families=12)
    first = clusters(rows)
    random.Random(1).shuffle(rows)  # noqa: S311
    assert clusters(rows) == first
    for name in set(first.values()):
        assert name == min(row_id for row_id in first if first[row_id] == name)


def test_families_that_share_no_run_stay_apart():
    names = [f"a:{n}" for n in range(300)]
    found = clusters(row(row_id=n, instruction=f"q {n}", output=f"x{n} y{n}") for n in names)
    assert found == {name: name for name in names}


def test_many_copies_of_one_answer_leave_one():
    rows = [row(row_id=f"a:{n:04}", instruction=f"Question {n}?") for n in range(400)]
    alike = near(rows)
    assert set(alike.clusters) == {"a:0000"}
    assert {copy.of for copy in alike.copies.values()} == {"a:0000"}


def test_relatives_below_the_threshold_are_kept_in_one_cluster():
    other = ANSWER.replace("Windows", "macOS").replace("driver", "firmware").replace("box", "tick")
    similarity = jaccard(shingles(ANSWER), shingles(other))
    assert 0.5 <= similarity < 0.8
    rows = [row(row_id="b:1"), row(row_id="a:2", output=other)]
    alike = near(rows)
    assert alike.copies == {}
    assert alike.clusters == {"b:1": "a:2", "a:2": "a:2"}
    strict = CurationSettings(near_duplicate=0.5, related=0.5)
    assert alike != near(rows, strict)
    assert near(rows, strict).copies["a:2"].of == "b:1"


def test_no_rows_and_rows_without_words():
    assert near([]).clusters == {}
    empty = [row(row_id=f"a:{n}", instruction="?", output="...") for n in range(3)]
    assert set(near(empty).clusters.values()) == {"a:0", "a:1", "a:2"}
