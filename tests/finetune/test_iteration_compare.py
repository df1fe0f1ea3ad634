"""Before and after on the same questions, and the record that is kept whether it helped or not."""

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import BadInput
from tasks.finetune.evaluation.bootstrap import mean, paired_difference
from tasks.finetune.iteration.choose import Choice
from tasks.finetune.iteration.compare import compare, verdict
from tasks.finetune.iteration.retrospective import read_records, tried, write_retrospective
from tasks.finetune.model_card.placeholders import placeholders

ROWS = 60
CHOICE = Choice(
    name="near-failures",
    failure_class="hallucination",
    count=30,
    of=61,
    why="Because.",
    settings={"epochs": 5},
    data="near_failures",
    skipped=[{"change": "more-rows", "reason": "no further rows were given"}],
)


def run(folder, gain: float = 0.0, loss: float = 2.0, ids=range(ROWS)):
    """scores.parquet and answers.parquet of a run; the tuned ROUGE-L is better by `gain`."""
    folder.mkdir()
    noise = np.random.default_rng(4).uniform(0.1, 0.3, ROWS)
    jitter = np.random.default_rng(5).normal(0, 0.01, ROWS)
    scores, answers = [], []
    for system in ("base", "tuned"):
        for number in ids:
            key = {"row_id": f"r{number:02}", "system": system}
            rouge = float(noise[number] + (gain + gain * jitter[number]) * (system == "tuned"))
            scores.append(
                key
                | {"rouge1": rouge, "rouge2": 0.1, "rougeL": rouge, "ended": True}
                | {"key_facts": math.nan if number % 3 == 0 else 0.5, "words": 40}
            )
            answers.append(key | {"nll": loss * (20 + number), "nll_tokens": 20 + number})
    pq.write_table(pa.Table.from_pylist(scores), folder / "scores.parquet")
    pq.write_table(pa.Table.from_pylist(answers), folder / "answers.parquet")
    return folder / "scores.parquet", folder / "answers.parquet"


def by_metric(comparison):
    return {row["metric"]: row for row in comparison["rows"]}


def test_a_gain_is_found_and_equals_the_paired_bootstrap(tmp_path):
    before, after = run(tmp_path / "a"), run(tmp_path / "b", gain=0.05, loss=1.9)
    clusters = {"r00": "r00", "r01": "r00"}
    found = compare(before, after, clusters, n=500, seed=3)
    assert found["verdict"] == "helped"
    assert (found["n"], found["clusters"]) == (ROWS, ROWS - 1)
    rows = by_metric(found)
    values = [
        [row["rougeL"] for row in pq.read_table(path).to_pylist() if row["system"] == "tuned"]
        for path in (before[0], after[0])
    ]
    labels = ["r00" if n < 2 else f"r{n:02}" for n in range(ROWS)]
    expected = paired_difference(*values, labels, n=500, seed=3)
    assert rows["rougeL"]["difference"] == pytest.approx(expected.value)
    assert rows["rougeL"]["low"] == pytest.approx(expected.low)
    assert rows["rougeL"]["before"] == pytest.approx(mean(values[0]).value())
    assert rows["perplexity"]["before"] == pytest.approx(math.exp(2.0))
    assert rows["perplexity"]["verdict"] == "improved"
    assert rows["key_facts"]["n"] == 40
    json.dumps(found, allow_nan=False)


def test_the_same_answers_are_no_improvement(tmp_path):
    found = compare(run(tmp_path / "a"), run(tmp_path / "b"), {})
    assert found["verdict"] == "did not help"
    assert {row["verdict"] for row in found["rows"]} == {"no difference shown"}


def test_a_loss_is_told(tmp_path):
    found = compare(run(tmp_path / "a", gain=0.05), run(tmp_path / "b"), {})
    assert found["verdict"] == "harmed"
    assert found["worse"] == ["rouge1", "rougeL"]


def test_a_gain_that_costs_elsewhere_is_told(tmp_path):
    found = compare(run(tmp_path / "a"), run(tmp_path / "b", gain=0.05, loss=2.5), {})
    assert found["verdict"] == "helped, at a cost"
    assert found["worse"] == ["perplexity"]
    rows = [{"metric": "rougeL", "verdict": "no difference shown"}]
    assert verdict([*rows, {"metric": "ended", "verdict": "improved"}], "rougeL") == "did not help"


def test_figures_that_nobody_measured_are_none(tmp_path):
    before, after = run(tmp_path / "a", loss=math.nan), run(tmp_path / "b")
    row = by_metric(compare(before, after, {}))["perplexity"]
    assert (row["verdict"], row["n"], row["difference"]) == ("not measured", 0, None)


def test_bad_input_is_refused(tmp_path):
    before = run(tmp_path / "a")
    with pytest.raises(BadInput, match=r"not of the same questions \(10 are in one alone\)"):
        compare(before, run(tmp_path / "b", ids=range(50)), {})
    with pytest.raises(BadInput, match="no metric that could decide"):
        compare(before, before, {}, decides="beauty")
    with pytest.raises(BadInput, match="cannot be read"):
        compare(before, (tmp_path / "none.parquet", before[1]), {})
    pq.write_table(pa.table({"row_id": ["r1"]}), tmp_path / "other.parquet")
    with pytest.raises(BadInput, match="cannot be read"):
        compare(before, (tmp_path / "other.parquet", before[1]), {})


def recorded(folder, comparison, before="default"):
    facts = {"best_eval_loss": 1.92, "best_step": 200, "seconds": 2040.0}
    return write_retrospective(
        folder,
        CHOICE,
        before=before,
        after="near-failures",
        command="python flows/iterate.py --run default",
        settings_before={"epochs": 3},
        data={"before": 1212, "after": 1300, "added": 88, "removed": 0},
        training_before=facts,
        training_after=facts | {"best_eval_loss": 1.94},
        classes_before={"hallucination": 30, "incomplete": 31},
        classes_after={"hallucination": 33, "other": 2},
        comparison=comparison,
    )


def test_a_change_that_did_not_help_is_recorded_too(tmp_path):
    folder = tmp_path / "iterations"
    comparison = compare(run(tmp_path / "a", gain=0.05), run(tmp_path / "b"), {})
    json_file, markdown_file = recorded(folder, comparison)
    assert json_file.name == "001-near-failures.json"
    text = markdown_file.read_text()
    assert text.startswith("# near-failures: harmed")
    for words in (
        "hallucination: 30 before, 33 after",
        "It made worse: rouge1, rougeL",
        "| epochs | 3 | 5 |",
        "1212 before, 1300 after (88 added, 0 removed)",
        "Not taken: more-rows, because no further rows were given.",
        "| other | 0 | 2 |",
        "| incomplete | 31 | 0 |",
        "34.0 minutes",
    ):
        assert words in text
    assert placeholders(text) == []


def test_records_are_numbered_and_say_what_was_tried(tmp_path):
    folder = tmp_path / "iterations"
    assert read_records(folder) == []
    comparison = compare(run(tmp_path / "a"), run(tmp_path / "b", gain=0.05), {})
    recorded(folder, comparison)
    assert recorded(folder, comparison, before="other")[0].name == "002-near-failures.json"
    records = read_records(folder)
    assert [record["before"] for record in records] == ["default", "other"]
    assert tried(records) == {"near-failures"}
    assert tried(records, before="third") == set()


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "001-half-rate.json").write_text('{"change"')
    with pytest.raises(BadInput, match=r"001-half-rate.json cannot be read"):
        read_records(tmp_path)
    (tmp_path / "001-half-rate.json").write_text("{}")
    with pytest.raises(BadInput, match="is no record"):
        read_records(tmp_path)
