"""The gates hold good tables up to nothing and stop doctored ones."""

import json

import numpy as np
import pandas as pd
import pytest

from tasks.expectations import SUITES, suite_file, validate
from tasks.gates import FAILED_STATE, QualityGateFailed, gate, verdict
from tasks.nearmiss.detection import DETECTIONS_SCHEMA
from tasks.nearmiss.scoring import NearMissDetector, events_table
from tasks.pointers import FilePointer

BOUNDS = {"width": 1280, "height": 720, "conf_threshold": 0.4}


def good_video() -> pd.DataFrame:
    row = {"name": "a.mp4", "frames": 100, "fps": 25.0, "width": 1280, "height": 720}
    return pd.DataFrame([row | {"duration_sec": 4.0}])


def good_detections() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frame_index": [0, 0, 2],
            "timestamp_sec": [0.0, 0.0, 0.08],
            "class": ["car", "person", "car"],
            "confidence": np.float32([0.9, 0.4, 1.0]),
            "x1": np.float32([0, 20, 30]),
            "y1": np.float32([0, 20, 30]),
            "x2": np.float32([1280, 40, 60]),
            "y2": np.float32([720, 90, 60]),
        }
    )


def good_events() -> pd.DataFrame:
    detector = NearMissDetector(cooldown_frames=2)
    for frame in range(12):
        objects = {
            1: {"class": "car", "bbox": [0, 0, 9, 9], "center": (0, 0)},
            2: {"class": "bus", "bbox": [0, 0, 9, 9], "center": (200 - 15 * frame, 0)},
        }
        detector.process_frame(frame, objects, frame / 10)
    table = events_table(detector.events)
    assert set(table["risk_level"]) == {"High", "Medium", "Low"}
    return table


GOOD = {"video": good_video, "detections": good_detections, "events": good_events}


def failures(suite: str, table: pd.DataFrame) -> list[str]:
    findings = validate(table, suite_file(suite), ["frame_index", "name"], BOUNDS)
    return [finding.expectation for finding in findings if not finding.passed]


@pytest.mark.parametrize("suite", sorted(GOOD))
def test_a_good_table_passes(suite):
    assert failures(suite, GOOD[suite]()) == []


def test_an_event_that_rounding_lifts_to_an_edge_passes():
    """Its score is 0.9 - 0.006 * 33.3383 = 0.69997: 0.4 for the distance, 0.4 for the TTC at
    100 px/s, 0.1 for that speed."""
    detector = NearMissDetector()
    for frame, distance in enumerate((43.3383, 33.3383)):
        objects = {
            1: {"class": "car", "bbox": [0, 0, 9, 9], "center": (0, 0)},
            2: {"class": "bus", "bbox": [20, 0, 29, 9], "center": (distance, 0)},
        }
        detector.process_frame(frame, objects, frame / 10)
    (event,) = detector.events
    assert 0.69995 < event["risk_score"] < 0.7
    assert failures("events", events_table(detector.events)) == []


def test_no_events_pass():
    assert failures("events", events_table([])) == []


def test_no_detections_are_only_a_warning():
    empty = good_detections().iloc[:0]
    findings = validate(empty, suite_file("detections"), [], BOUNDS)
    failed = [finding for finding in findings if not finding.passed]
    assert [(f.expectation, f.severity) for f in failed] == [("Something was detected", "warning")]


@pytest.mark.parametrize(
    ("suite", "column", "value", "expected"),
    [
        ("video", "fps", 500.0, "The frame rate is between 1 and 240 frames a second"),
        ("video", "frames", 1, "There are at least 2 frames"),
        ("video", "width", 16, "The picture is between 64 and 7680 pixels wide"),
        ("video", "height", 9000, "The picture is between 48 and 4320 pixels high"),
        ("video", "duration_sec", 1e6, "The video lasts at most 24 hours"),
        ("detections", "x1", -3.0, "No box reaches over the left edge"),
        ("detections", "y1", -3.0, "No box reaches over the top edge"),
        ("detections", "x2", 1281.0, "No box reaches over the right edge"),
        ("detections", "y2", 721.0, "No box reaches over the bottom edge"),
        ("detections", "confidence", 0.39, "Every confidence is between the threshold and 1"),
        ("detections", "confidence", 1.01, "Every confidence is between the threshold and 1"),
        ("detections", "frame_index", 7, "Frame indices are in order"),
        ("detections", "timestamp_sec", 7.0, "Times are in order"),
        ("detections", "class", "dog", "Every class is one of the six road users"),
        ("events", "risk_score", 1.2, "Every risk score is between 0 and 1"),
        ("events", "risk_score", np.nan, "Every event has its risk_score"),
        ("events", "risk_level", "Severe", "Every level is High, Medium or Low"),
        ("events", "distance_px", -1.0, "No distance is negative"),
        ("events", "ttc_sec", -0.1, "No time to collision is negative"),
        ("events", "class_1", None, "Every event has its class_1"),
    ],
)
def test_a_doctored_value_is_found(suite, column, value, expected):
    table = GOOD[suite]()
    table[column] = table[column].astype(object)
    table.loc[0, column] = value
    table[column] = table[column].infer_objects()
    assert expected in failures(suite, table)


@pytest.mark.parametrize("level", ["High", "Medium", "Low"])
def test_a_level_that_disagrees_with_its_score_is_found(level):
    table = good_events()
    others = table.index[table["risk_level"] != level]
    table.loc[others[0], "risk_level"] = level
    assert any(name.startswith(f"A {level} event scores") for name in failures("events", table))


@pytest.mark.parametrize("column", ["ttc_sec", "risk_level", "object_id_2"])
def test_a_missing_event_column_is_found(column):
    found = failures("events", good_events().drop(columns=column))
    assert "The ten columns of an event are there" in found


def test_a_box_without_width_is_found():
    table = good_detections()
    table.loc[1, "x2"] = table.loc[1, "x1"]
    assert failures("detections", table) == ["Every box has a width"]


def test_the_offending_rows_are_named():
    table = good_detections()
    table.loc[2, "x2"] = 5000
    findings = validate(table, suite_file("detections"), ["frame_index", "class"], BOUNDS)
    (failed,) = [finding for finding in findings if not finding.passed]
    assert (failed.failed_rows, failed.rows) == (1, 3)
    assert {str(v) for v in failed.examples[0].values()} >= {"2", "car"}
    sentence = verdict("detections", findings)
    assert '"No box reaches over the right edge" fails on 1 of 3 rows' in sentence
    assert "gate-detections" in sentence


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.json")), ids=lambda path: path.stem)
def test_every_suite_says_what_it_expects_and_how_badly(path):
    suite = json.loads(path.read_text(encoding="utf-8"))
    assert suite["name"] == path.stem
    descriptions = [item["description"] for item in suite["expectations"]]
    assert len(descriptions) == len(set(descriptions))
    assert all(item["severity"] in {"critical", "warning"} for item in suite["expectations"])


def test_detections_suite_knows_the_table_s_columns():
    suite = json.loads(suite_file("detections").read_text(encoding="utf-8"))
    assert suite["expectations"][0]["kwargs"]["column_set"] == DETECTIONS_SCHEMA.names


def test_the_gate_publishes_the_rows_before_it_raises(tmp_path, artifacts_of_run):
    from prefect import flow
    from prefect.states import Failed

    events = good_events()
    events.loc[0, "risk_score"] = 1.5
    events.to_csv(tmp_path / "events.csv", index=False)

    @flow
    def gated():
        try:
            gate(
                store=tmp_path / "store",
                name="events",
                table=FilePointer.to(tmp_path / "events.csv", rows=len(events)),
                suite=FilePointer.to(suite_file("events")),
                row_id=["frame_index", "object_id_1"],
                parameters={},
                folder=tmp_path,
            )
        except QualityGateFailed as failure:
            return Failed(message=str(failure), name=FAILED_STATE)
        return "passed"

    state = gated(return_state=True)
    assert state.is_failed()
    assert state.name == FAILED_STATE
    assert '"Every risk score is between 0 and 1" fails on 1 of' in state.message
    artifacts = artifacts_of_run(state.state_details.flow_run_id)
    rows = json.loads(artifacts["gate-events"].data)
    assert rows[0]["expectation"] == "Every risk score is between 0 and 1"
    assert f"frame_index={events.loc[0, 'frame_index']}" in rows[0]["examples"]
    assert len(json.loads((tmp_path / "gate_events.json").read_text())) == len(rows)
    assert not list((tmp_path / "store").glob("gate-*"))  # a failure is not cached
