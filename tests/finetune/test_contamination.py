"""Every row of training that gives a held-out row away is found, and no other."""

import numpy as np
import pytest

from tasks.finetune.contamination import (
    MAX_LEAKS_OF_A_ROW,
    NEAR_DUPLICATE,
    SHARED_RUN,
    batches_of,
    find,
)

VOCABULARY = np.array([f"word{number}" for number in range(4000)])
RUN = "open the settings then choose network and internet and then the adapter options"  # 13


def row(row_id: str, output: str, instruction: str = "", input: str = "") -> dict[str, str]:
    return {"row_id": row_id, "instruction": instruction, "input": input, "output": output}


def words(seed: int, count: int = 100) -> str:
    return " ".join(np.random.default_rng(seed).choice(VOCABULARY, count))


def found(held_out: list[dict], train: list[dict]):
    return find(batches_of(held_out), batches_of(train))


def test_unrelated_rows_give_nothing_away():
    result = found(
        [row(f"test{seed}", words(seed)) for seed in range(50)],
        [row(f"train{seed}", words(1000 + seed)) for seed in range(200)],
    )
    assert (result.leaks, result.train_rows, result.held_out_rows) == ([], set(), set())


def test_a_run_of_13_words_is_found_and_one_of_12_is_not():
    assert len(RUN.split()) == 13
    held_out = [row("test", f"{words(1)} {RUN} {words(2)}")]
    twelve = " ".join(RUN.split()[:12])
    result = found(
        held_out, [row("same", f"{words(3)} {RUN}"), row("less", f"{words(4)} {twelve} else")]
    )
    (leak,) = result.leaks
    assert (leak.row_id, leak.train_row_id, leak.kind) == ("test", "same", SHARED_RUN)
    assert leak.evidence == RUN
    assert leak.score == pytest.approx(1 / (213 - 12))
    assert result.train_rows == {"same"}
    assert result.held_out_rows == {"test"}


@pytest.mark.parametrize(
    "disguised",
    [
        RUN.upper(),
        RUN.replace(" ", "\n\t"),
        RUN.replace(" and ", ", **and** "),
        RUN.replace("settings", "\N{FULLWIDTH LATIN SMALL LETTER S}ettings"),
        f"“{RUN}!”",
    ],
)
def test_case_spaces_punctuation_and_unicode_variants_are_no_disguise(disguised):
    assert found([row("test", RUN)], [row("train", f"{words(1)} {disguised}")]).leaks


def test_a_run_across_question_and_answer_counts():
    first, second = " ".join(RUN.split()[:6]), " ".join(RUN.split()[6:])
    assert found([row("test", RUN)], [row("train", second, instruction=first)]).leaks


def test_the_same_words_in_another_order_are_another_run():
    assert not found([row("t", RUN)], [row("train", " ".join(reversed(RUN.split())))]).leaks


def test_a_short_text_leaks_as_a_whole_only():
    held_out = [row("test", "restart the print spooler service")]
    assert found(held_out, [row("train", "Restart the print spooler service.")]).leaks
    assert not found(held_out, [row("train", f"restart the print spooler service {RUN}")]).leaks
    assert not found([row("test", "")], [row("train", ""), row("other", "!?")]).leaks


def test_a_near_duplicate_is_named_with_its_exact_similarity():
    same = words(5, 1000).split()
    one, other = list(same), list(same)
    for place in range(0, 1000, 60):
        other[place] = f"changed{place}"
    result = found([row("test", " ".join(one))], [row("train", " ".join(other))])
    near = [leak for leak in result.leaks if leak.kind == NEAR_DUPLICATE]
    shingles = [
        {" ".join(text[start : start + 5]) for start in range(len(text) - 4)}
        for text in (one, other)
    ]
    expected = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    assert expected > 0.8
    assert near[0].score == pytest.approx(expected)


@pytest.mark.slow
def test_hardly_a_near_duplicate_is_missed_and_none_below_the_threshold_is_named():
    rng = np.random.default_rng(0)
    held_out, train, similarity = [], [], {}
    for number in range(150):
        text = list(rng.choice(VOCABULARY, 120))
        other = [word if rng.random() > 0.03 else f"new{rng.integers(10**9)}" for word in text]
        held_out.append(row(str(number), " ".join(text)))
        train.append(row(str(number), " ".join(other)))
        one, two = (
            {tuple(words[start : start + 5]) for start in range(116)} for words in (text, other)
        )
        similarity[str(number)] = len(one & two) / len(one | two)
    near = {leak.row_id for leak in found(held_out, train).leaks if leak.kind == NEAR_DUPLICATE}
    expected = {number for number, value in similarity.items() if value >= 0.8}
    assert 20 < len(expected) < 130
    assert near == expected


def test_text_that_all_rows_share_names_every_row_but_not_every_pair():
    held_out = [row(f"test{seed}", f"{words(seed)} {RUN}") for seed in range(40)]
    train = [row(f"train{seed}", f"{words(500 + seed)} {RUN}") for seed in range(60)]
    result = found(held_out, train)
    assert result.held_out_rows == {value["row_id"] for value in held_out}
    assert result.train_rows == {value["row_id"] for value in train}
    assert len(result.leaks) <= MAX_LEAKS_OF_A_ROW * len(train)


def test_without_the_rows_that_were_named_nothing_leaks():
    shared = [words(seed, 20) for seed in range(30)]
    held_out = [row(f"test{n}", f"{words(100 + n)} {shared[n % 30]}") for n in range(60)]
    train = [row(f"train{n}", f"{words(900 + n)} {shared[n % 30]}") for n in range(0, 300, 3)]
    train += [row(f"clean{n}", words(5000 + n)) for n in range(100)]
    result = found(held_out, train)
    clean = [value for value in train if value["row_id"] not in result.train_rows]
    assert {value["row_id"] for value in clean} == {f"clean{n}" for n in range(100)}
    assert found(held_out, clean).leaks == []


def test_the_worst_leaks_of_a_row_are_the_ones_named():
    held_out = [row(f"test{n}", f"{words(n)} {words(50 + n, 13 + 3 * n)}") for n in range(6)]
    train = [row("train", " — ".join(words(50 + n, 13 + 3 * n) for n in range(6)))]
    leaks = [leak for leak in found(held_out, train).leaks if leak.kind == SHARED_RUN]
    assert [leak.row_id for leak in leaks] == ["test5", "test4", "test3"]


@pytest.mark.parametrize("empty", ["held_out", "train"])
def test_nothing_to_compare_with_is_no_error(empty):
    rows = [row("a", RUN)]
    result = found([] if empty == "held_out" else rows, [] if empty == "train" else rows)
    assert result.leaks == []
    assert result.held_out_rows == set()


def test_batches_hold_every_row_once():
    rows = [row(str(number), "") for number in range(10)]
    assert [len(batch) for batch in batches_of(rows, 4)] == [4, 4, 2]
    assert [value for batch in batches_of(rows, 4) for value in batch] == rows
