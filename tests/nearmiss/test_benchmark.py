"""The near-misses are as right as the stored figures say."""

import json

import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.catalogue import benchmark_scenes
from tasks.nearmiss.evaluation.page import markdown
from tasks.nearmiss.evaluation.presentation import filters_table, scenes_table
from tasks.nearmiss.evaluation.scenes import run_benchmark

STORED = PROJECT_ROOT / "data" / "benchmark" / "nearmiss_fast.json"
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def fast():
    scenes = benchmark_scenes(PROJECT_ROOT / "data" / "scenes", fast=True)
    _, summary = run_benchmark(scenes, modes=("ground", "auto"), bootstraps=50)
    return scenes, summary


@pytest.mark.parametrize("mode", ["ground", "auto"])
def test_f1_does_not_fall_below_the_stored_figure(fast, mode):
    _, summary = fast
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert summary[mode]["detection"]["all"]["f1"]["value"] >= stored[mode]["f1"] - TOLERANCE


def test_the_sample_is_the_one_that_was_stored(fast):
    scenes, _ = fast
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert sorted(scene.name for scene in scenes) == stored["scenes"]


def test_the_tables_show_every_mode_with_intervals(fast):
    _, summary = fast
    rows = scenes_table(summary)
    assert {row["mode"] for row in rows} == {"calibrated", "pixels, straightened by sizes"}
    assert all(" to " in row["F1"] for row in rows if row["found"])
    assert {row["filter"] for row in filters_table(summary)} >= {"stationary", "conflict", "all"}
    text = markdown({"scenes": {"count": 16, "modes": summary}})
    assert "16 made scenes" in text
