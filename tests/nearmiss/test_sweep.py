"""Near-misses observed anew under other ranges, strides and jitters."""

import numpy as np
import pandas as pd
import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.curves import measures_picture, measures_table
from tasks.nearmiss.evaluation.sweep import (
    JITTERS_PERCENT,
    RANGES_M,
    STRIDES,
    Condition,
    camera_at_range,
    conditions,
    sweep,
    sweep_figures,
)
from tasks.nearmiss.scenes import load_scene
from tasks.nearmiss.scenes.camera import Pinhole
from tasks.publish import MAX_PICTURE_BYTES

SCENES = PROJECT_ROOT / "data" / "scenes"


@pytest.fixture(scope="module")
def scenes():
    names = ("rear-end-hard-brake", "crossing-short-pet", "rear-end-gentle")
    return [load_scene(SCENES / f"{name}.yaml") for name in names]


@pytest.fixture(scope="module")
def table(scenes):
    chosen = [
        Condition(1, 0.0),
        Condition(1, 2.0, draw=0),
        Condition(1, 2.0, draw=1),
        Condition(4, 2.0),
        Condition(1, 1.0, 1.0, range_m=30.0),
        Condition(1, 1.0, 1.0, range_m=60.0),
    ]
    return sweep(scenes, chosen)


def test_every_stride_meets_every_jitter_and_every_range_is_there():
    chosen = conditions(draws=2)
    assert len(chosen) == len(set(chosen))
    crossed = {(each.stride, each.jitter_percent) for each in chosen if each.range_m is None}
    assert crossed == {(stride, jitter) for stride in STRIDES for jitter in JITTERS_PERCENT}
    assert {each.range_m for each in chosen} == {None, *RANGES_M}


@pytest.mark.parametrize("range_m", RANGES_M)
def test_a_moved_camera_looks_at_the_place_from_its_range_and_height(scenes, range_m):
    place = np.array([3.0, 4.0])
    camera = camera_at_range(scenes[0], place, range_m)
    assert np.hypot(*(np.array(camera.position) - place)) == pytest.approx(range_m)
    assert camera.height == scenes[0].camera.height
    pixel, depth = Pinhole(camera).project(np.array([[*place, 0.0]]))
    assert depth[0] > 0
    assert pixel[0] == pytest.approx(np.array(camera.picture) / 2, abs=1e-6)


def test_only_scenes_with_a_near_miss_are_measured(table):
    assert set(table["scene"]) == {"rear-end-hard-brake", "crossing-short-pet"}


def test_exact_boxes_give_nearly_the_true_measures(table):
    exact = table[(table["jitter_percent"] == 0) & (table["stride"] == 1)].set_index("scene")
    rear_end, crossing = exact.loc["rear-end-hard-brake"], exact.loc["crossing-short-pet"]
    assert rear_end["ttc_sec"] == pytest.approx(rear_end["true_ttc_sec"], rel=0.1)
    assert crossing["pet_sec"] == pytest.approx(crossing["true_pet_sec"], abs=0.05)
    assert exact["found"].all()


def test_draws_differ_and_the_truth_does_not(table):
    own = table[table["scene"] == "rear-end-hard-brake"]
    noisy = own[(own["stride"] == 1) & (own["jitter_percent"] == 2)]
    assert noisy["draw"].tolist() == [0, 1]
    assert noisy["ttc_sec"].nunique() == 2
    assert own["true_ttc_sec"].nunique() == 1


def test_figures_are_those_of_the_table():
    made = pd.DataFrame(
        {
            "scene": ["a", "a", "b", "c"],
            "range_m": np.nan,
            "stride": 1,
            "jitter_percent": 1.0,
            "jitter_px": 0.0,
            "found": [True, True, True, False],
            "true_ttc_sec": [1.0, 1.0, 2.0, np.nan],
            "ttc_sec": [1.1, 0.8, 2.6, np.nan],
            "ttc_low_sec": [1.0, 0.7, 2.3, np.nan],
            "ttc_high_sec": [1.2, 0.9, np.nan, np.nan],
            "true_pet_sec": [np.nan, np.nan, np.nan, 0.5],
            "pet_sec": [np.nan, np.nan, np.nan, 0.75],
        }
    )
    (point,) = sweep_figures(made, bootstraps=50)
    assert point["range_m"] is None
    assert (point["near_misses"], point["scenes"]) == (4, 3)
    assert point["ttc_relative"]["n"] == 3
    assert point["ttc_relative"]["median"]["value"] == pytest.approx(0.2)
    assert point["ttc_relative"]["p95"]["value"] == pytest.approx(0.29)
    assert point["ttc_relative"]["median"]["low"] < point["ttc_relative"]["median"]["high"]
    assert point["pet_sec"]["median"]["value"] == pytest.approx(0.25)
    assert point["found"]["value"] == 0.75
    # 1.0 lies in 1.0 to 1.2, but 1.0 not in 0.7 to 0.9, nor 2.0 above 2.3.
    assert point["ttc_interval_holds"]["value"] == pytest.approx(1 / 3, abs=1e-4)


def test_the_picture_is_small_enough_for_the_run_page(table, tmp_path):
    points = sweep_figures(table, bootstraps=10)
    measures_picture(tmp_path / "curves.png", points)
    assert 10_000 < (tmp_path / "curves.png").stat().st_size < MAX_PICTURE_BYTES
    rows = measures_table(points)
    assert [row["range"] for row in rows].count("own") == 3
    assert all(row["n near-misses"] for row in rows)
