"""The optimization study as its user runs it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from flows.benchmark import benchmark, check, folder_name
from tasks import command_line
from tasks.nearmiss.benchmark.config import BenchmarkConfig
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.weights import NoWeights
from tests.nearmiss.videos import make_clip


@pytest.mark.slow
def test_the_study_measures_recommends_and_writes_settings(
    tmp_path, prefect_server, artifacts_of_run, made_scene_file, onnx_file
):
    settings = tmp_path / "fast.yaml"
    config = BenchmarkConfig(
        video=[str(made_scene_file)],
        output_dir=tmp_path / "out",
        seconds=4,
        repetitions=1,
        engines=["onnx-fp32"],
        strides=[1],
        combined_engines=1,
        side_by_side=False,
        apply=settings,
    )
    state = benchmark(config, return_state=True)
    assert state.is_completed(), state.message
    folder = tmp_path / "out" / "made_scene"
    table = pd.read_csv(folder / "benchmark.csv")
    base = table.iloc[0]
    assert base["optimization"] == "pytorch-fp32, 640, stride 1, no threads"
    assert (base["missed_events_%"], base["objects_found_%"]) == (0, 100)
    assert base["events_n"] > 0
    onnx = table[table["optimization"] == "onnx-fp32, 640, stride 1, no threads"].iloc[0]
    assert onnx["objects_found_%"] > 99
    assert table["recommended"].sum() == 1
    assert (table["fps"] > 0).all()
    text = (folder / "benchmark.md").read_text()
    assert "Recommended:" in text
    assert "decode" in text
    record = json.loads((folder / "record.json").read_text())
    assert record["flow"] == "benchmark"
    assert set(record["outputs"]) >= {"benchmark", "markdown", "picture"}
    steps = {row["step"]: row["ms_a_frame"] for row in record["metrics"]["steps"]["rows"]}
    assert steps["inference"] > steps["drawing"] > 0
    parsed = command_line.parse(NearMissConfig, ["--config", str(settings)])
    assert parsed.stride == record["metrics"]["recommended"]["stride"]
    artifacts = artifacts_of_run(state.state_details.flow_run_id)
    assert {"summary", "benchmark", "steps", "clips"} <= set(artifacts)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--video", "missing.mp4"], "no such file"),
        (["--video", "BROKEN"], "cannot be read as a video"),
        (["--video", "SHORT"], "too short to measure; the least is 2 s"),
        (["--video", "https://example.org/a.mp4"], "name a file"),
        (["--weights", "missing.pt"], "no such file"),
        (["--strides", "0"], "--strides"),
        (["--engines", "magic"], "--engines"),
        (["--apply", "no/such/folder/fast.yaml"], "no such folder"),
    ],
)
def test_bad_input_gets_one_sentence_and_code_2(arguments, expected, tmp_path, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    files = {
        "BROKEN": str(broken),
        "SHORT": str(make_clip(tmp_path / "short.mp4", frames=10)),
    }
    words = [files.get(word, word) for word in arguments]
    code = command_line.main(benchmark, BenchmarkConfig, check=check, arguments=words)
    said = capsys.readouterr().err
    assert code == 2
    assert expected in said
    assert len(said.strip().splitlines()) == 1


def test_without_weights_the_run_fails_with_one_sentence(
    tmp_path, prefect_server, capsys, monkeypatch
):
    monkeypatch.setattr("tasks.nearmiss.weights.find_model", lambda name: None)

    def offline():
        raise NoWeights("there is no network")

    monkeypatch.setattr("tasks.nearmiss.detectors.stages._download_weights", offline)
    arguments = ["--output-dir", str(tmp_path)]
    code = command_line.main(benchmark, BenchmarkConfig, check=check, arguments=arguments)
    assert code == 1
    assert "There are no YOLO weights" in capsys.readouterr().err


def test_the_folder_is_named_for_the_videos():
    assert folder_name([]) == "made_scenes"
    assert folder_name([Path("a b.mp4")]) == "a_b"
    assert folder_name([Path("a.mp4"), Path("b.mp4")]) == "a-and-1-more"
