"""Before and after on the same questions, and the record that is kept whether it helped or not."""

import json
import math
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from evaluation_answers import made_rows, with_words_dropped

from tasks.errors import BadInput
from tasks.finetune.evaluation.answered import read_answered
from tasks.finetune.evaluation.bootstrap import paired_difference
from tasks.finetune.evaluation.score import read_scores, score, write_scores
from tasks.finetune.iteration.choose import Choice
from tasks.finetune.iteration.compare import Evaluated, compare, verdict
from tasks.finetune.iteration.retrospective import lesson, read_records, tried, write_retrospective
from tasks.finetune.model_card.placeholders import placeholders

ROWS = 30
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


def run(folder, dropped: float = 0.5, loss: float = 2.0, ids=range(ROWS)) -> Evaluated:
    """A run whose tuned model leaves out about that share of every reference's words."""
    folder.mkdir()
    rows = [made_rows(ROWS)[number] for number in ids]
    answers = [
        {
            "row_id": row["row_id"],
            "system": system,
            "prompt": row["instruction"],
            "answer": with_words_dropped(row["output"], share, seed=number),
            "prompt_tokens": 9,
            "answer_tokens": 40,
            "ended": True,
            "seconds": 0.1,
            "nll": loss * (20 + number),
            "nll_tokens": 20 + number,
        }
        for system, share in (("base", 0.9), ("tuned", dropped))
        for number, row in zip(ids, rows, strict=True)
    ]
    run = Evaluated(folder / "answers.parquet", folder / "scores.parquet")
    pq.write_table(pa.Table.from_pylist(answers), run.answers)
    write_scores(run.scores, score(read_answered(run.answers, rows), max_new_tokens=200))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Evaluated]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "default": run(folder / "default"),
        "better": run(folder / "better", dropped=0.3, loss=1.9),
        "dearer": run(folder / "dearer", dropped=0.3, loss=2.5),
        "unmeasured": run(folder / "unmeasured", loss=math.nan),
    }


def of(before: Evaluated, after: Evaluated, clusters=None, **further):
    return compare(before, after, made_rows(ROWS), clusters or {}, **further)


def by_key(comparison):
    return {row["key"]: row for row in comparison["rows"]}


def test_a_gain_is_found_and_equals_the_paired_bootstrap(runs):
    clusters = {"made:0000": "made:0000", "made:0001": "made:0000"}
    found = of(runs["default"], runs["better"], clusters, n=500, seed=3)
    assert found["verdict"] == "helped"
    assert (found["n"], found["clusters"]) == (ROWS, ROWS - 1)
    values = []
    for each in (runs["default"], runs["better"]):
        scores = read_scores(each.scores)
        values.append(scores.loc[scores["system"] == "tuned", "rougeL"].tolist())
    labels = [0 if number < 2 else number for number in range(ROWS)]
    expected = paired_difference(*values, labels, n=500, seed=3)
    row = by_key(found)["rougeL"]
    assert row["difference"] == pytest.approx(expected.value)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))
    assert row["before"] == pytest.approx(sum(values[0]) / ROWS)
    perplexity = by_key(found)["perplexity"]
    assert perplexity["before"] == pytest.approx(math.exp(2.0))
    assert perplexity["verdict"] == "improved"
    json.dumps(found, allow_nan=False)


def test_the_same_answers_are_no_improvement(runs):
    found = of(runs["default"], runs["default"])
    assert found["verdict"] == "was not shown to help"
    assert {row["verdict"] for row in found["rows"]} == {"no difference shown"}


def test_a_loss_is_told(runs):
    found = of(runs["better"], runs["default"])
    assert found["verdict"] == "harmed"
    assert "ROUGE-L F1 (0 to 1)" in found["worse"]


def test_a_gain_that_costs_elsewhere_is_told(runs):
    found = of(runs["default"], runs["dearer"])
    assert found["verdict"] == "helped, at a cost"
    assert "Perplexity" in found["worse"]
    rows = [{"key": "rougeL", "verdict": "no difference shown"}]
    assert (
        verdict([*rows, {"key": "ended", "verdict": "improved"}], "rougeL")
        == "was not shown to help"
    )


def test_bad_input_is_refused(runs, tmp_path):
    before = runs["default"]
    with pytest.raises(BadInput, match="tuned does not answer 10 of 30 rows"):
        of(before, run(tmp_path / "fewer", ids=range(20)))
    with pytest.raises(BadInput, match="no metric that could decide"):
        of(before, before, decides="beauty")
    with pytest.raises(BadInput, match="measured in neither run"):
        of(runs["unmeasured"], before, decides="perplexity")
    with pytest.raises(BadInput, match="cannot be read"):
        of(before, Evaluated(before.answers, tmp_path / "none.parquet"))
    other = tmp_path / "other.parquet"
    write_scores(other, read_scores(before.scores).head(40))
    with pytest.raises(BadInput, match="are not of the same rows"):
        of(before, Evaluated(before.answers, other))


def recorded(
    folder, comparison, before="default", choice=CHOICE, settings=None, before_training="a" * 64
):
    facts = {"best_eval_loss": 1.92, "best_step": 200, "seconds": 2040.0}
    return write_retrospective(
        folder,
        choice,
        before=before,
        before_training=before_training,
        after="near-failures",
        command="python flows/iterate.py --run default",
        settings_before=settings or {"epochs": 3},
        data={"before": 1212, "after": 1300, "added": 88, "removed": 0},
        training_before=facts,
        training_after=facts | {"best_eval_loss": 1.94},
        classes_before={"hallucination": 30, "incomplete": 31},
        classes_after={"hallucination": 33, "other": 2},
        threshold="ROUGE-L below 0.15",
        comparison=comparison,
    )


def test_a_change_that_did_not_help_is_recorded_too(runs, tmp_path):
    folder = tmp_path / "iterations"
    comparison = of(runs["better"], runs["default"])
    json_file, markdown_file = recorded(folder, comparison)
    assert json_file.name == "001-near-failures.json"
    text = markdown_file.read_text()
    assert text.startswith("# near-failures: harmed")
    for words in (
        "hallucination: 30 before, 33 after",
        "It made worse: Perplexity, Bits a byte, ROUGE-1 F1",
        "| epochs | 3 | 5 |",
        "1212 before, 1300 after (88 added, 0 removed)",
        "Not taken: more-rows, because no further rows were given.",
        "before and after alike, is what the analysis of the run before looked at: ROUGE-L below",
        "| other | 0 | 2 |",
        "| incomplete | 31 | 0 |",
        "34.0 minutes",
    ):
        assert words in text
    assert placeholders(text) == []


def test_of_a_change_that_was_asked_for_no_class_is_said_to_have_chosen_it(runs, tmp_path):
    comparison = of(runs["default"], runs["better"])
    chosen = recorded(tmp_path, comparison)[1].read_text()
    assert "30 were of the class hallucination, the largest that an untried change" in chosen
    asked = replace(CHOICE, wanted=True)
    text = recorded(tmp_path, comparison, choice=asked)[1].read_text()
    assert "by name; of 61 low-scoring validation answers 30 were of the class hallucin" in text
    assert "untried" not in text
    asked = replace(asked, failure_class="", count=0)
    text = recorded(tmp_path, comparison, choice=asked)[1].read_text()
    assert "none of the 61 low-scoring validation answers was of a class that it answers" in text
    assert "it was to lessen" not in text
    assert placeholders(text) == []


def test_losses_on_validation_of_other_tokens_are_not_compared(runs, tmp_path):
    comparison = of(runs["default"], runs["better"])
    assert "| Best loss on val | 1.92 | 1.94 |" in recorded(tmp_path, comparison)[1].read_text()
    choice = replace(CHOICE, name="loss-on-all", settings={"loss_on": "all"}, data="")
    settings = {"loss_on": "response"}
    text = recorded(tmp_path, comparison, choice=choice, settings=settings)[1].read_text()
    assert "| Best loss on val | not comparable | not comparable |" in text
    assert "1.94" not in text


def test_records_are_numbered_and_say_what_was_tried(runs, tmp_path):
    folder = tmp_path / "iterations"
    assert read_records(folder) == []
    comparison = of(runs["default"], runs["better"])
    assert "Matters" in recorded(folder, comparison)[1].read_text()
    assert "the change helped. Validation" in (folder / "001-near-failures.md").read_text()
    second, _ = recorded(folder, comparison, before="other", before_training="b" * 64)
    assert second.name == "002-near-failures.json"
    records = read_records(folder)
    assert [record["before"] for record in records] == ["default", "other"]
    assert tried(records, "b" * 64) == {"near-failures"}
    assert tried(records, "c" * 64) == set(), "another training, whatever its run is called"
    del records[1]["before_training"]
    assert tried(records, "b" * 64) == set(), "nobody knows on what an older record was tried"


def test_too_few_groups_are_said_to_show_nothing(runs):
    few = of(runs["default"], runs["better"])
    told = lesson(CHOICE, few | {"is_enough": False, "clusters": 8}, {}, {})
    assert "8 groups of test questions are too few for anything to be called shown" in told
    assert few["is_enough"]
    assert "too few" not in lesson(CHOICE, few, {}, {})


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "001-half-rate.json").write_text('{"change"')
    with pytest.raises(BadInput, match=r"001-half-rate.json cannot be read"):
        read_records(tmp_path)
    (tmp_path / "001-half-rate.json").write_text("{}")
    with pytest.raises(BadInput, match="is no record"):
        read_records(tmp_path)
