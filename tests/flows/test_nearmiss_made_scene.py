"""The default input through the whole flow: every test here looks at one run."""

import json

import pandas as pd
import pytest

from flows.nearmiss import nearmiss
from tasks.errors import BadInput
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.engines.choose import AUTO_CANDIDATES, REFERENCE, TOLERANCE
from tasks.nearmiss.frames import FrameReader


def run(folder, **settings):
    return nearmiss(NearMissConfig(output_dir=folder, **settings), return_state=True)


@pytest.fixture(scope="module")
def scene(tmp_path_factory, prefect_server, onnx_file):
    """The folder of the results, with the review page."""
    folder = tmp_path_factory.mktemp("scene")
    state = run(folder, compare_filters=True)
    assert state.is_completed(), state.message
    return folder / "made_scene"


def test_the_made_scene_gives_its_near_miss(scene):
    """The default input, through the real detector: only the true pair is found."""
    events = pd.read_csv(scene / "events.csv")
    assert len(events) >= 1
    for event in events.itertuples():
        assert {event.class_1, event.class_2} == {"bus", "person"}
        assert 2.2 < event.timestamp_sec < 4.5
    assert events["risk_level"].isin(["Medium", "High"]).any()
    assert "made scene" in (scene / "report.html").read_text()


def test_the_made_scene_has_its_one_interaction_with_an_interval(scene):
    table = pd.read_csv(scene / "interactions.csv")
    assert len(table) == 1
    (row,) = table.itertuples()
    assert {row.class_1, row.class_2} == {"bus", "person"}
    assert row.score_low <= row.risk_score <= row.score_high
    assert row.units == "px"
    assert not row.serious
    assert row.conflict_type == "crossing"


def test_its_clip_plays_and_is_linked(scene):
    (name,) = pd.read_csv(scene / "interactions.csv")["interaction_id"]
    frames = list(FrameReader(scene / "clips" / f"{name}.mp4"))
    assert 2 * 25 < len(frames) < 8 * 25 + 2
    assert f'href="clips/{name}.mp4"' in (scene / "report.html").read_text()
    assert name in (scene / "review.html").read_text()


def test_the_table_of_filters_adds_up(scene):
    kept, rejected = (pd.read_csv(scene / f"{n}.csv") for n in ("interactions", "rejected"))
    assert "| All |" in (scene / "filters.md").read_text()
    assert len(set(kept["interaction_id"]) | set(rejected["interaction_id"])) == len(kept) + len(
        rejected
    )
    assert rejected["reason"].notna().all()


def test_the_record_has_the_choice_of_engine_and_its_measurement(scene):
    record = json.loads((scene / "record.json").read_text())
    engine = record["metrics"]["engine"]
    assert engine["asked"] == record["config"]["engine"] == "auto"
    measured = {row["engine"]: row for row in engine["measured"]}
    assert REFERENCE in measured
    assert set(measured) <= set(AUTO_CANDIDATES)
    chosen = measured[engine["engine"]]
    assert [name for name, row in measured.items() if row["chosen"]] == [engine["engine"]]
    for row in measured.values():
        if row["verdict"] == "agrees":
            assert chosen["ms_lowest"] <= row["ms_lowest"]
    for share in chosen["agreement"].values():
        assert share["n"] > 50
        assert share["share"] >= TOLERANCE
    assert record["timings"]["choose engine"]["seconds"] > 0
    report = (scene / "report.html").read_text()
    assert f"yolo on {engine['engine']}" in report


def test_answers_become_precision(scene, tmp_path, prefect_server):
    record = json.loads((scene / "record.json").read_text())
    (name,) = pd.read_csv(scene / "interactions.csv")["interaction_id"]
    answers = {
        "format": "nearmiss-labels/1",
        "video_sha256": record["data"][0]["sha256"],
        "answers": [{"id": name, "table": "kept", "answer": "right", "note": ""}],
    }
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(answers))
    state = run(scene.parent, labels=file)
    assert state.is_completed(), state.message
    result = json.loads((scene / "labels_result.json").read_text())
    assert result["precision"]["value"] == 1
    file.write_text(json.dumps(answers | {"video_sha256": "0" * 64}))
    failed = run(scene.parent, labels=file)
    assert isinstance(failed.result(raise_on_failure=False), BadInput)
