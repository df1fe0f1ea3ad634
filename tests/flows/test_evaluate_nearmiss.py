"""The evaluation flow as its user runs it."""

import json

import pytest

from flows.evaluate_nearmiss import check, evaluate_nearmiss
from tasks import command_line
from tasks.nearmiss.evaluation.config import EvaluateConfig


@pytest.mark.slow
def test_the_fast_evaluation_writes_its_figures(tmp_path, prefect_server):
    config = EvaluateConfig(output_dir=tmp_path, fast=True, modes=["ground"])
    state = evaluate_nearmiss(config, return_state=True)
    assert state.is_completed(), state.message
    folder = tmp_path / "fast"
    names = {"benchmark.json", "benchmark.md", "errors.png", "filters.png"}
    assert names | {"pairs.csv", "record.json"} == {path.name for path in folder.iterdir()}
    results = json.loads((folder / "benchmark.json").read_text())
    assert results["scenes"]["count"] == 16
    assert results["scenes"]["modes"]["ground"]["detection"]["all"]["f1"]["value"] > 0.9
    assert "calibrated: F1" in state.result().lines[0]
    assert "## Tracking" not in (folder / "benchmark.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--scenes", "EMPTY"], "no scene files"),
        (["--modes", "magic"], "--modes"),
        (["--scene", "x"], "--scene"),
    ],
)
def test_bad_input_gets_one_sentence_and_code_2(arguments, expected, tmp_path, capsys):
    words = [str(tmp_path) if word == "EMPTY" else word for word in arguments]
    code = command_line.main(evaluate_nearmiss, EvaluateConfig, check=check, arguments=words)
    said = capsys.readouterr().err
    assert code == 2
    assert expected in said
    assert len(said.strip().splitlines()) == 1
