"""The flow says which engine it ran on, and what the choice rests on."""

import json

from tasks.nearmiss.engines.choose import AUTO_CANDIDATES, REFERENCE, TOLERANCE


def test_the_record_has_the_choice_and_its_measurement(made_scene_run):
    record = json.loads((made_scene_run / "record.json").read_text())
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
    report = (made_scene_run / "report.html").read_text()
    assert f"yolo on {engine['engine']}" in report
