"""Two systems are compared honestly: better, worse, equal, by few rows, and by clusters."""

import json

import numpy as np
import pandas as pd
import pytest
from evaluation_answers import made_rows, write_answers

from tasks.finetune.evaluation.answered import of_system, read_answered
from tasks.finetune.evaluation.bootstrap import interval, paired_difference
from tasks.finetune.evaluation.compare import _distance_gained, compare
from tasks.finetune.evaluation.form import form
from tasks.finetune.evaluation.metrics import METRICS
from tasks.finetune.evaluation.score import score
from tasks.finetune.evaluation.summary import summarise

ROWS = made_rows(24)


def compared(folder, shares, clusters=None, rows=ROWS, **options):
    path = folder / "answers.parquet"
    write_answers(path, rows, shares, options.pop("without_nll", ()))
    answered = read_answered(path, rows, list(shares))
    scores = score(answered, 200)
    return compare(answered, scores, clusters or {}, n=300, **options)


def by_key(facts):
    return {row["key"]: row for row in facts["rows"]}


@pytest.fixture(scope="module")
def better(tmp_path_factory):
    return compared(tmp_path_factory.mktemp("better"), {"base": 0.5, "tuned": 0.2})


def test_a_better_system_is_improved_in_all_that_it_is_better_in(better):
    rows = by_key(better)
    assert list(rows) == [metric.key for metric in METRICS]
    same = {"ended"}  # both end alike
    assert {key for key, row in rows.items() if row["verdict"] == "improved"} == set(rows) - same
    assert rows["ended"]["verdict"] == "no difference shown"
    for row in better["rows"]:
        assert row["low"] <= row["tuned"] - row["base"] <= row["high"]
        assert row["base_low"] <= row["base"] <= row["base_high"]
        assert row["n"] == row["clusters"] == 24
    assert rows["perplexity"]["improvement_percent"] > 0 > rows["perplexity"]["high"]


def test_the_summary_says_what_moved_and_what_was_learned(better):
    text = " ".join(better["summary"])
    shown = [row for row in better["rows"] if row["verdict"] == "improved"]
    most = max(shown, key=lambda row: row["improvement_percent"])
    assert f"improved in {len(shown)} of 10 metrics" in text
    assert f"{most['metric']} moved most" in text
    assert "Practically significant" in text
    assert "it learned to state more of them" in text
    assert "words went from" in text
    assert json.loads(json.dumps(better, allow_nan=False)) == better


def test_a_worse_system_is_called_worse(tmp_path):
    facts = compared(tmp_path, {"base": 0.2, "tuned": 0.5})
    rows = by_key(facts)
    assert rows["perplexity"]["verdict"] == rows["rougeL"]["verdict"] == "worse"
    assert rows["rougeL"]["improvement_percent"] < 0
    assert rows["perplexity"]["improvement_percent"] < 0
    assert "improved in 0 of 10 metrics" in facts["summary"][0]
    assert "it states fewer of them" in " ".join(facts["summary"])


def test_what_was_zero_moved_though_no_percentage_tells_it(better):
    rows = [row | {} for row in better["rows"]]
    (ended,) = [row for row in rows if row["key"] == "ended"]
    ended |= {"base": 0.0, "tuned": 0.9, "improvement_percent": None, "verdict": "improved"}
    ended |= {"low": 0.8, "high": 1.0}
    text = " ".join(summarise(better | {"rows": rows}))
    assert f"{ended['metric']} moved from 0 to 0.9, which no percentage can tell" in text
    assert "moved most" in text


def test_nearer_is_said_of_the_distances_and_not_of_the_difference():
    """From 20 points below the references' rate to 22 above it is a difference, and no nearer."""
    rows = 200
    references, before, after = (pd.Series(np.arange(rows) < share) for share in (100, 60, 144))
    labels = [str(number) for number in range(rows)]
    gained = interval(_distance_gained(references, before, after), labels)
    assert gained.value == pytest.approx(0.02)
    assert gained.low < 0 < gained.high
    assert paired_difference(before, after, labels).is_shown
    nearer = interval(_distance_gained(references, before, references), labels)
    assert nearer.high < 0


def test_equal_systems_are_never_improved(tmp_path):
    facts = compared(tmp_path, {"base": 0.3, "tuned": 0.3})
    assert {row["verdict"] for row in facts["rows"]} == {"no difference shown"}
    assert {row["practical"] for row in facts["rows"]} == {"no"}
    assert {row["is_nearer"] for row in facts["form"]} == {None}
    assert facts["summary"][0].startswith("No difference is shown in any of 10 metrics")


def test_clusters_widen_the_interval_of_a_metric(tmp_path):
    # Rows of one subject have the same text but for numbers; their dropped words are those of
    # the row's number, so that rows are made alike by giving them one number.
    rows = [row | {"row_id": f"{row['row_id']}-{i}"} for row in made_rows(12) for i in range(3)]
    path = tmp_path / "answers.parquet"
    write_answers(path, rows, {"base": 0.5, "tuned": 0.4})
    answered = read_answered(path, rows)
    first = answered.groupby(["system", answered["row_id"].str[:9]])["answer"].transform("first")
    answered["answer"] = first
    scores = score(answered, 200)
    clusters = {row["row_id"]: row["row_id"][:9] for row in rows}
    together = by_key(compare(answered, scores, clusters, n=300))["rougeL"]
    apart = by_key(compare(answered, scores, {}, n=300))["rougeL"]
    assert (together["clusters"], apart["clusters"]) == (12, 36)
    # Three copies of each row are 1/3 of the evidence: the interval is sqrt(3) as wide.
    ratio = (together["high"] - together["low"]) / (apart["high"] - apart["low"])
    assert 1.4 < ratio < 2.1
    assert together["base"] == pytest.approx(apart["base"])


def test_few_clusters_show_nothing_and_the_summary_says_why(tmp_path):
    clusters = {row["row_id"]: f"c{number % 5}" for number, row in enumerate(ROWS)}
    facts = compared(tmp_path, {"base": 0.6, "tuned": 0.1}, clusters)
    assert {row["verdict"] for row in facts["rows"]} == {"no difference shown"}
    assert "fewer than 10 clusters" in facts["summary"][-1]


def test_a_single_row_has_figures_and_no_intervals(tmp_path):
    facts = compared(tmp_path, {"base": 0.6, "tuned": 0.1}, rows=made_rows(1))
    row = by_key(facts)["rougeL"]
    assert row["tuned"] > row["base"]
    assert row["low"] is None
    assert row["tuned_high"] is None
    json.dumps(facts, allow_nan=False)


def test_a_system_without_probabilities_is_compared_by_the_rest(tmp_path):
    facts = compared(
        tmp_path,
        {"base": 0.5, "few_shot": 0.3},
        after="few_shot",
        without_nll=("few_shot",),
    )
    assert not {"perplexity", "bits_a_byte"} & set(by_key(facts))
    assert by_key(facts)["rougeL"]["verdict"] == "improved"


def test_rows_without_key_facts_count_in_every_other_metric(tmp_path):
    rows = made_rows(15)
    for row in rows[:3]:
        row["output"] = "Yes, it does that on purpose, and nobody minds."
    found = by_key(compared(tmp_path, {"base": 0.5, "tuned": 0.2}, rows=rows))
    assert (found["key_facts"]["n"], found["rougeL"]["n"]) == (12, 15)


def test_scores_that_end_less_often_are_worse(tmp_path):
    path = tmp_path / "answers.parquet"
    write_answers(path, ROWS, {"base": 0.3, "tuned": 0.3})
    answered = read_answered(path, ROWS)
    answered.loc[answered["system"] == "tuned", "ended"] = False
    facts = compare(answered, score(answered, 20), {}, n=300)
    row = by_key(facts)["ended"]
    assert (row["base"], row["tuned"], row["verdict"]) == (0.75, 0.0, "worse")
    assert of_system(score(answered, 20), "tuned")["truncated"].any()
    assert "cut off at the limit" in facts["summary"][-1]


@pytest.mark.parametrize(
    ("text", "feature", "expected"),
    [
        ("Use it.\n\n- one\n- two", "list", 1),
        ("1. First\n2. Second", "list", 1),
        ("One - two", "list", 0),
        ("```\n- x\n```", "list", 0),
        ("```bash\nls\n```", "code_block", 1),
        ("say `ls`", "code_block", 0),
        ("say `ls`", "inline_code", 1),
        ("**Bold** words", "bold", 1),
        ("2 ** 3 ** 4", "bold", 0),
        ("Sure! Here it is.", "chat_opening", 1),
        ("I'm sorry to hear that.", "chat_opening", 1),
        ("To resolve this issue, restart.", "chat_opening", 1),
        ("The mask is too wide.", "chat_opening", 0),
        ("Surely not.", "chat_opening", 0),
        ("One two three. Four five.", "words_a_sentence", 2.5),
        ("", "words", 0),
        ("", "words_a_sentence", 0),
    ],
)
def test_the_form_of_a_text(text, feature, expected):
    assert form(text)[feature] == expected
