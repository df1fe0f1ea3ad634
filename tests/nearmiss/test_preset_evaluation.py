"""Presets against scenes of known truth."""

import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.presets import CONDITIONS, fainter, preset_rows, slower
from tasks.nearmiss.scenes import load_scene, observe

FOLDER = PROJECT_ROOT / "data" / "scenes"


@pytest.fixture(scope="module")
def scenes():
    names = ("rear-end-hard-brake", "rear-end-gentle")
    return [load_scene(FOLDER / f"{name}.yaml") for name in names]


def test_every_preset_meets_every_condition(scenes):
    names = ["default", "severe"]
    rows = preset_rows(scenes, names)
    assert [(row["condition"], row["preset"]) for row in rows] == [
        (condition, name) for condition in CONDITIONS for name in names
    ]
    assert {row["found"] + row["missed"] for row in rows} == {1}
    assert (rows[0]["found"], rows[0]["false"]) == (1, 0)
    assert rows[0]["recall"].startswith("1.00 (")


def test_conditions_change_what_they_say(scenes):
    scene = scenes[0]
    before = observe(scene)["confidence"].mean()
    assert fainter(scene).tracks["confidence"].mean() == pytest.approx(before - 0.33, abs=0.01)
    assert slower(scene).tracks["timestamp_sec"].drop_duplicates().diff().min() == pytest.approx(
        0.2
    )
