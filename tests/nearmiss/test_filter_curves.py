"""What filters remove and lose, over their thresholds and of which candidates."""

import json

import pandas as pd
import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.catalogue import benchmark_scene
from tasks.nearmiss.evaluation.curves import filters_picture
from tasks.nearmiss.evaluation.denominators import (
    candidates_by_denominator,
    denominator_figures,
    raised_pairs,
    readable,
)
from tasks.nearmiss.evaluation.figures import removal
from tasks.nearmiss.evaluation.filter_curves import SWEEPS, best_of_four, curve_figures, setting_of
from tasks.nearmiss.evaluation.page import markdown
from tasks.nearmiss.interactions.filters import DEFAULT_FOUR
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.scenes import load_scene
from tasks.publish import MAX_PICTURE_BYTES

NAMES = ("rear-end-hard-brake", "rear-end-gentle", "rider-bicycle-pedestrian", "merging-zip")


@pytest.fixture(scope="module")
def scenes():
    folder = PROJECT_ROOT / "data" / "scenes"
    return [benchmark_scene(load_scene(folder / f"{name}.yaml")) for name in NAMES]


@pytest.fixture(scope="module")
def tables(scenes):
    return candidates_by_denominator(scenes)


@pytest.fixture(scope="module")
def points(tables):
    return curve_figures(tables["near"])


@pytest.fixture(scope="module")
def figures(scenes, tables):
    return denominator_figures(tables, scenes)


def test_a_near_miss_is_lost_only_with_its_last_candidate():
    table = pd.DataFrame(
        {
            "scene": ["s"] * 5,
            "pair": [("a", "b"), ("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")],
            "is_near_miss": [True, True, True, False, True],
            "is_borderline": [False, False, False, False, True],
        }
    )
    figures = removal(table, pd.Series([True, False, True, True, True]))
    assert (figures["true_lost"]["value"], figures["true_lost"]["n"]) == (0.5, 2)
    assert (figures["false_removed"]["value"], figures["false_removed"]["n"]) == (1.0, 1)


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda each: each.parameter)
def test_at_its_default_a_curve_is_the_filter_itself(sweep, tables):
    default = getattr(Parameters(), sweep.parameter)
    assert default in sweep.values
    said = tables["near"][[setting_of(sweep, default)]].iloc[:, 0]
    itself = tables["near"]["rejected_by"].map(lambda no: sweep.filter in no)
    assert said.tolist() == itself.tolist()


@pytest.mark.parametrize(
    "parameter", ["stationary_speed", "duration_frames", "direction_deg", "confidence"]
)
def test_a_stricter_filter_never_removes_less(parameter, points):
    removed = [each["false_removed"]["value"] for each in points if each["parameter"] == parameter]
    assert removed == sorted(removed)


def test_the_search_does_no_worse_than_the_defaults(tables):
    table = tables["near"]
    best = best_of_four(table)
    default = removal(table, table["rejected_by"].map(lambda no: bool(no & set(DEFAULT_FOUR))))
    assert default["true_lost"]["value"] == 0
    assert best["true_lost"]["value"] <= 0.03
    assert best["false_removed"]["value"] >= default["false_removed"]["value"]


def test_short_candidates_are_some_of_the_near_ones(tables):
    near, short = (
        {(row.scene, row.pair) for row in tables[name].itertuples(index=False)}
        for name in ("near", "short")
    )
    assert short < near


def test_the_rule_raises_one_candidate_a_pair(scenes, tables):
    raised = [raised_pairs(scene.tracks) for scene in scenes]
    assert sum(map(len, raised)) == len(tables["rule"])
    assert any(raised)


def test_what_is_left_adds_up_and_goes_into_json(figures):
    json.dumps(figures)
    for name, own in figures.items():
        left = dict(own["left"])
        total = left.pop("all")
        assert total == sum(left.values()), name
        four = own["filters"]["default four"]["false_removed"]
        if four["n"]:
            assert total <= round((1 - four["value"]) * four["n"])
    assert figures["near"]["raised"]["value"] == 1


def test_page_and_picture_show_the_filters(figures, points, tmp_path):
    filters = {"points": points, "denominators": figures}
    text = markdown({"scenes": {"count": len(NAMES), "modes": {}}, "filters": filters})
    assert "raised by the per-frame rule in the picture" in text
    assert "duration_frames 5 frames (default)" in text
    filters_picture(tmp_path / "filters.png", points)
    assert 10_000 < (tmp_path / "filters.png").stat().st_size < MAX_PICTURE_BYTES


def test_the_file_of_candidates_names_each_once(tables):
    table = readable(tables)
    assert table["denominator"].value_counts().to_dict() == {
        name: len(each) for name, each in tables.items() if len(each)
    }
    assert table["pair"].str.contains(" and ").all()
