"""The audit's figures are those of the files, by independent counting."""

import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from audit_data import blocked_rows, kept_rows, write_run
from tokenizers import Tokenizer, models, pre_tokenizers

from tasks.errors import BadInput
from tasks.finetune.audit.figures import (
    EXAMPLES_OF_A_REASON,
    length_classes,
    measure,
    outliers,
    summary,
)
from tasks.finetune.audit.tokens import count_tokens, find_tokenizer, load_tokenizer


class Found(NamedTuple):
    kind: str


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory):
    """A real tokenizer in which each word and each mark is a token."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path_factory.mktemp("model") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.fixture(scope="module")
def measured(files, tokenizer_file):
    return measure(
        **files._asdict(),
        tokenizer=load_tokenizer(tokenizer_file),
        find_pii=lambda text: [Found("handle")] * text.count("word899"),
        language_of=lambda text: "xx" if "<script>" in text else "en",
        clusters={"manual:0000000000000000": "c", "manual:0000000000000001": "c"},
    )


def test_every_row_is_counted_once(measured):
    rows = measured.figures["rows"]
    assert rows["kept"] == len(kept_rows()) == rows["train"] + rows["val"] + rows["test"]
    assert rows["quarantined"] == len(blocked_rows()) == 17
    assert rows["incoming"] == 87
    assert rows["taken"] == 87
    assert len(measured.rows) == 70
    assert len(measured.taken_output_words) == 87


def test_the_figures_are_json(measured):
    assert json.loads(json.dumps(measured.figures, allow_nan=False)) == measured.figures


def test_lengths_are_of_the_rows_before_and_after(measured):
    before = measured.figures["lengths"]["before"]["output"]
    after = measured.figures["lengths"]["after"]["output"]
    words = [len(row["output"].split()) for _, row in kept_rows()]
    assert after["n"] == 70
    assert after["mean"] == pytest.approx(np.mean(words), abs=0.05)
    assert after["median"] == np.median(words)
    assert (after["min"], after["max"]) == (min(words), 480)
    assert before["min"] == len(blocked_rows()[-1][2]["output"].split())
    assert measured.figures["output_words"]["test"]["n"] == 7
    assert sum(measured.figures["length_classes"].values()) == 70


def test_reasons_have_their_rows_and_five_examples(measured):
    reasons = {reason["reason"]: reason for reason in measured.figures["reasons"]}
    assert {name: reason["rows"] for name, reason in reasons.items()} == {
        "output too short": 12,
        "near duplicate": 4,
        "licence not allowed": 1,
    }
    examples = reasons["output too short"]["examples"]
    assert len({example["row_id"] for example in examples}) == EXAMPLES_OF_A_REASON
    assert len(reasons["near duplicate"]["examples"]) == 4
    assert reasons["licence not allowed"]["examples"][0]["found"] == "CC-BY-NC-4.0"
    assert "words" in examples[0]["found"]


def test_sources_licenses_and_domains_add_up(measured):
    sources = {source["source"]: source for source in measured.figures["sources"]}
    assert sources["faq"]["incoming"] == 66
    assert sources["faq"]["quarantined"] == 16
    assert sources["manual"]["licenses"] == {"CC0-1.0": 20}
    assert sources["web"]["kept"] == 0
    for key in ("domains", "licenses"):
        values = measured.figures[key]
        assert sum(value["kept"] for value in values) == 70
        assert all(
            value["kept"] == value["train"] + value["val"] + value["test"] for value in values
        )


def test_vocabulary_coverage_is_that_of_sets_of_words(measured):
    def words(split):
        texts = [row["instruction"] + " " + row["output"] for of, row in kept_rows() if of == split]
        return [word.strip("?").lower() for text in texts for word in text.split()]

    train, test = set(words("train")), words("test")
    figures = measured.figures["vocabulary"]["test"]
    assert figures["words"] == len(set(test))
    assert figures["words_known"] == pytest.approx(
        len(set(test) & train) / len(set(test)), abs=1e-4
    )
    known = sum(word in train for word in test)
    assert figures["text_known"] == pytest.approx(known / len(test), abs=1e-4)
    assert 0.1 < figures["words_known"] < 1


def test_duplicates_and_clusters(measured):
    duplicates = measured.figures["duplicates"]
    assert duplicates["blocked"] == {"near duplicate": {"rows": 4, "share": round(4 / 87, 4)}}
    assert duplicates["clusters"] == {"clusters": 1, "rows": 2, "largest": 2}


def test_personal_data_and_languages_are_counted_by_what_is_given(measured):
    rows = [row for _, row in kept_rows()] + [row for _, _, row in blocked_rows()]
    expected = sum(row["output"].count("word899") for row in rows)
    assert measured.figures["pii"]["before"] == ({"handle": expected} if expected else {})
    assert measured.figures["languages"]["after"] == {"en": 69, "xx": 1}
    assert measured.figures["languages"]["before"] == {"en": 85, "xx": 2}


def test_tokens_and_what_a_limit_leaves(measured, files):
    tokens = measured.figures["tokens"]
    # One token a word of the output, six and a mark in the instruction.
    plain = measured.rows[measured.rows["instruction_words"] == 6]
    assert len(plain) == 69
    assert (plain["tokens"] == plain["output_words"] + 7).all()
    assert tokens["summary"]["max"] == 480 + 7
    assert tokens["cut_rows"] == 0
    assert tokens["mean_share_left"] == 1
    without = measure(**files._asdict()).figures
    assert [without[key] for key in ("tokens", "pii", "languages")] == [None] * 3


def test_a_row_over_the_limit_is_named_with_what_is_left(tmp_path, tokenizer_file):
    files = write_run(tmp_path)
    path = files.splits / "train.jsonl"
    lines = path.read_text().splitlines()
    long = json.loads(lines[0]) | {"instruction": "Why?", "output": "word " * 1022}
    path.write_text("\n".join([json.dumps(long), *lines[1:]]) + "\n")
    tokens = measure(**files._asdict(), tokenizer=load_tokenizer(tokenizer_file)).figures["tokens"]
    assert tokens["cut_rows"] == 1
    assert tokens["longest"] == [{"row_id": long["row_id"], "tokens": 1024, "share_left": 0.5}]
    assert tokens["mean_share_left"] == pytest.approx(1 - 0.5 / 70, abs=1e-4)


def test_outliers_are_beyond_tukeys_fences_and_named(measured):
    found = {value["measure"]: value for value in measured.figures["outliers"]}
    words = found["words of the output"]
    assert [value["row_id"] for value in words["furthest"]] == ["faq:0000000000000015"]
    assert words["furthest"][0]["value"] == 480
    logs = np.log(measured.rows["output_words"])
    low, high = np.percentile(logs, [25, 75])
    assert words["usual_to"] == pytest.approx(np.exp(high + 1.5 * (high - low)), abs=0.06)


def test_equal_rows_have_no_outliers():
    rows = pd.DataFrame(
        {"row_id": ["a", "b"], "instruction_words": 5, "output_words": 50, "letters_a_word": 4.0}
    )
    assert all(value["rows"] == 0 for value in outliers(rows))
    assert outliers(rows.iloc[:0]) == []


def test_a_run_that_kept_nothing_is_measured(tmp_path):
    files = write_run(tmp_path)
    for path in files.splits.iterdir():
        path.write_text("")
    figures = measure(**files._asdict(), clusters={}).figures
    assert figures["rows"]["kept"] == 0
    assert figures["vocabulary"]["test"]["words_known"] is None
    assert json.dumps(figures, allow_nan=False)


def test_length_classes_hold_every_length():
    assert length_classes([0, 19, 20, 499, 500, 9000]) == {
        "0-20": 2, "20-40": 1, "40-60": 0, "60-80": 0, "80-120": 0, "120-160": 0,
        "160-240": 0, "240-320": 0, "320-500": 1, "500-": 2,
    }  # fmt: skip
    assert summary([]) is None


def test_a_tokenizer_is_found_where_models_lie(tmp_path, monkeypatch, tokenizer_file):
    monkeypatch.setattr("tasks.finetune.audit.tokens.model_folders", lambda: [tmp_path])
    assert find_tokenizer() is None
    (tmp_path / "small-model").mkdir()
    (tmp_path / "small-model" / "tokenizer.json").write_bytes(tokenizer_file.read_bytes())
    assert find_tokenizer() == tmp_path / "small-model" / "tokenizer.json"
    assert find_tokenizer(tokenizer_file.parent) == tokenizer_file
    assert count_tokens(load_tokenizer(tokenizer_file), ["a b, c", ""]) == [4, 0]


def test_what_is_no_tokenizer_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"tokenizer\.json is no file"):
        find_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInput, match=r"tokenizer\.json is no tokenizer"):
        load_tokenizer(find_tokenizer(tmp_path))
