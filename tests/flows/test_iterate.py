"""The flow that betters a run, as a whole: a run of a model of two layers, and two changes."""

import json

import pytest
from test_finetune import made_rows, write_source
from test_finetune_model import SMALL, run
from tiny_model import make_tiny_model

from flows.iterate import iterate
from tasks.finetune.iteration.config import IterateConfig
from tasks.finetune.iteration.retrospective import read_records
from tasks.finetune.slices import json_lines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def before(tmp_path_factory, prefect_server):
    """A folder with a finished run of fine-tuning, called "before"."""
    place = tmp_path_factory.mktemp("iterate")
    write_source(place / "sources", made_rows(120))
    make_tiny_model(place / "tiny")
    state = run(place, run="before", max_length=256)
    assert state.is_completed(), state.message
    return place


def once_more(place, **settings):
    usual = {"output_dir": place / "out", "run": "before", "records": place / "records"}
    return iterate(IterateConfig(**(usual | settings)), return_state=True)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def first(before):
    """The change that the failures ask for."""
    state = once_more(before)
    assert state.is_completed(), state.message
    return state


def test_one_change_is_made_and_no_other(before, first):
    (record,) = read_records(before / "records")
    name = record["change"]["name"]
    folder = first.result().folder
    assert folder.name == record["after"] == f"before-{name}"
    settings = [
        read(each / "training.json")["settings"] for each in (folder.parent / "before", folder)
    ]
    changed = {key for key in settings[0] if settings[0][key] != settings[1][key]}
    assert changed == set(record["change"]["settings"])
    assert bool(changed) != bool(record["change"]["data"])
    low = read(folder.parent / "before" / "analysis.json")["errors_val"]
    assert record["failures"]["before"] == low["classes"]
    assert record["change"]["count"] == max(low["classes"].values())


def test_both_models_are_compared_on_the_same_test_rows(before, first):
    folder = first.result().folder
    (record,) = read_records(before / "records")
    assert record["comparison"]["n"] == SMALL["max_test_rows"]
    assert record["comparison"]["decides"] == "rougeL"
    assert read(folder / "record.json")["metrics"]["comparison"] == record["comparison"]
    by_key = {row["key"]: row for row in record["comparison"]["rows"]}
    for when, run_folder in (("before", folder.parent / "before"), ("after", folder)):
        told = read(run_folder / "evaluation.json")["rows"]
        (tuned,) = [row["tuned"] for row in told if row["key"] == "rougeL"]
        assert by_key["rougeL"][when] == pytest.approx(tuned)


def test_what_came_of_it_is_told(before, first, artifacts_of_run):
    (record,) = read_records(before / "records")
    lines = first.result().lines
    assert lines[0] == f"{record['change']['name']}: {record['change']['why']}"
    assert lines[1] == record["lesson"]
    told = (before / "records" / f"001-{record['change']['name']}.md").read_text()
    assert record["command"] in told
    found = artifacts_of_run(first.state_details.flow_run_id)
    assert any(record["lesson"] in str(artifact.data) for artifact in found.values())


def test_the_next_iteration_tries_something_else(before, first):
    state = once_more(before)
    assert state.is_completed(), state.message
    records = read_records(before / "records")
    names = [record["change"]["name"] for record in records]
    assert len(set(names)) == len(names) == 2
    skipped = {each["change"]: each["reason"] for each in records[1]["change"]["skipped"]}
    assert skipped[names[0]] == "tried before"


def test_rows_that_were_given_are_trained_on(before, first):
    train = json_lines(before / "out" / "before" / "splits" / "train.jsonl")
    more = before / "more.jsonl"
    rows = [
        row | {"row_id": f"new-{n}", "instruction": f"{row['instruction']} Tell it in another way."}
        for n, row in enumerate(train[:6])
    ]
    more.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    state = once_more(before, change="more-rows", more_rows=more)
    assert state.is_completed(), state.message
    training = read(state.result().folder / "training.json")
    assert training["rows"] == SMALL["max_train_rows"] + len(rows)
