"""Answers are joined with their references, scored, and refused where they do not fit."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from evaluation_answers import made_rows, write_answers

from tasks.errors import BadInput
from tasks.finetune.evaluation.answered import of_system, read_answered
from tasks.finetune.evaluation.perplexity import bits_a_byte, perplexity
from tasks.finetune.evaluation.score import SCHEMA, read_scores, score, write_scores


@pytest.fixture
def rows():
    return made_rows(8)


def rewritten(path, change):
    """The file of answers with its list of records changed."""
    records = pq.read_table(path).to_pylist()
    pq.write_table(pa.Table.from_pylist(change(records)), path)


def test_systems_come_in_the_order_of_the_rows_and_others_are_left_out(tmp_path, rows):
    path = tmp_path / "answers.parquet"
    write_answers(path, rows, {"few_shot": 0.2, "tuned": 0.0, "base": 0.5})
    rewritten(path, lambda records: records[::-1])
    answered = read_answered(path, rows)
    expected = [row["row_id"] for row in rows]
    assert answered["row_id"].tolist() == expected * 2
    assert answered["system"].tolist() == ["base"] * 8 + ["tuned"] * 8
    assert of_system(answered, "tuned")["answer"].tolist() == [row["output"] for row in rows]
    assert of_system(answered, "tuned")["reference"].tolist() == [row["output"] for row in rows]


def test_scores_of_known_answers(tmp_path, rows):
    path = tmp_path / "answers.parquet"
    write_answers(path, rows, {"base": 1.0, "tuned": 0.0})
    calls = []
    scores = score(read_answered(path, rows), 10, lambda done, of: calls.append((done, of)))
    assert calls[-1] == (16, 16)
    base, tuned = of_system(scores, "base"), of_system(scores, "tuned")
    assert (tuned[["rouge1", "rouge2", "rougeL", "key_facts"]] == 1).all(axis=None)
    assert (base[["rouge1", "rouge2", "rougeL", "key_facts", "words"]] == 0).all(axis=None)
    assert tuned["key_facts_missing"].map(len).sum() == 0
    assert (base["key_facts_missing"].map(len) == base["key_facts_total"]).all()
    assert "--number" in base["key_facts_missing"][0]
    assert tuned["truncated"].tolist() == [True, False, False, False] * 2
    assert not base["truncated"].any()  # no answer has ten tokens


def test_scores_are_read_as_they_were_written(tmp_path, rows):
    rows[0]["output"] = "Yes, it does that on purpose and for good."
    write_answers(tmp_path / "answers.parquet", rows, {"base": 0.4, "tuned": 0.2})
    scores = score(read_answered(tmp_path / "answers.parquet", rows), 200)
    write_scores(tmp_path / "scores.parquet", scores)
    again = read_scores(tmp_path / "scores.parquet")
    assert list(again.columns) == SCHEMA.names
    assert math.isnan(again["key_facts"][0])
    assert again["key_facts"][1:8].tolist() == scores["key_facts"][1:8].tolist()
    assert [list(names) for names in again["key_facts_missing"]] == list(
        scores["key_facts_missing"]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda records: records[1:], "base does not answer 1 of 8 rows, such as made:0000"),
        (lambda records: [*records, records[0]], "base answers twice 1 of 8 rows"),
        (
            lambda records: [*records, records[0] | {"row_id": "x:1"}],
            "base answers the unknown 1 of 8 rows, such as x:1",
        ),
        (
            lambda records: [r for r in records if r["system"] == "base"],
            "tuned does not answer 8 of 8 rows",
        ),
        (
            lambda records: [{k: v for k, v in r.items() if k != "nll"} for r in records],
            "has no column nll",
        ),
    ],
)
def test_answers_that_do_not_fit_the_split_are_refused(tmp_path, rows, change, message):
    path = tmp_path / "answers.parquet"
    write_answers(path, rows, {"base": 0.5, "tuned": 0.1})
    rewritten(path, change)
    with pytest.raises(BadInput, match=message):
        read_answered(path, rows)


def test_files_that_cannot_be_read_are_refused(tmp_path, rows):
    path = tmp_path / "answers.parquet"
    with pytest.raises(BadInput, match="is missing"):
        read_answered(path, rows)
    path.write_text("no table")
    with pytest.raises(BadInput, match="is no Parquet file"):
        read_answered(path, rows)


def test_an_empty_split_is_refused(tmp_path):
    with pytest.raises(BadInput, match="the split to evaluate on is empty"):
        read_answered(tmp_path / "answers.parquet", [])


def test_perplexity_counts_every_token_alike():
    # Two tokens of 1/2, eight of 1/4: two bits a token but for the first two.
    nll = [2 * math.log(2), 8 * math.log(4)]
    assert perplexity(nll, [2, 8]).value() == pytest.approx(2 ** (18 / 10))


def test_bits_a_byte_count_bytes_and_not_letters():
    assert bits_a_byte([math.log(2) * 8, 0.0], ["äöü", "ab"]).value() == pytest.approx(1.0)
