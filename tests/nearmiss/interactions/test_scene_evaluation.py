import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.evaluation.figures import proportion
from tasks.nearmiss.evaluation.scenes import (
    BenchmarkScene,
    half_of,
    plane_of,
    run_benchmark,
    user_near,
)
from tasks.nearmiss.ground.from_sizes import straighten
from tasks.nearmiss.interactions.meetings import straightened_picture
from tasks.nearmiss.interactions.plane import in_pixels

CAR = (4.4, 1.8, 1.55)
PERSON = (0.6, 0.6, 1.75)


@pytest.fixture
def scene(matrix, boxes_of):
    tracks = boxes_of(
        ("car", (-9.0, 14.0), (8.0, 0.0), CAR),
        ("person", (3.0, 10.5), (0.0, 1.4), PERSON),
        ("person", (-4.0, 10.0), (-0.5, 0.2), PERSON),
        seconds=3,
    )
    tracks["user_id"] = tracks["track_id"].map({1: "car", 2: "crosses", 3: "stays"})
    truth = pd.DataFrame(
        {
            "user_a": ["car", "car"],
            "user_b": ["crosses", "stays"],
            "is_near_miss": [True, False],
            "is_borderline": [False, False],
            "near_miss_by": ["pet", ""],
            "min_ttc_sec": [np.nan, np.nan],
            "pet_sec": [0.3, np.nan],
        }
    )
    homography = np.linalg.inv(matrix[:, [0, 1, 3]])
    return BenchmarkScene("made", "pedestrian", "none", tracks, truth, homography, (1280, 720))


def test_benchmark_of_one_scene(scene):
    table, summary = run_benchmark([scene], modes=["ground"], bootstraps=20)
    row = table[table["user_b"] == "crosses"].iloc[0]
    assert row["is_near_miss"]
    assert row["found"]
    figures = summary["ground"]["detection"]["all"]
    assert figures["true_positives"] == 1
    assert figures["false_positives"] == 0
    assert figures["recall"]["low"] < 1
    assert summary["ground"]["filters"]["all"]["true_lost"]["value"] == 0


def test_switched_identities_are_matched_by_time(scene):
    tracks = scene.tracks.copy()
    later = tracks["timestamp_sec"] > 1.5
    tracks.loc[later & (tracks["track_id"] == 1), "track_id"] = 9
    assert user_near(tracks, 9, 2.0) == "car"
    tracks.loc[tracks["track_id"] == 9, "track_id"] = 2
    assert user_near(tracks, 2, 2.5) in ("car", "crosses")


def test_no_scenes_give_nothing():
    table, summary = run_benchmark([], modes=["ground"])
    assert table.empty
    assert summary == {}


def test_unknown_mode_is_told(scene):
    with pytest.raises(ValueError, match="Unknown mode"):
        plane_of(scene, "sonar")


def test_halves_are_fixed():
    assert half_of("crossing-give-way") == half_of("crossing-give-way")
    halves = {half_of(f"scene-{number}") for number in range(20)}
    assert halves == {"tune", "held-out"}


def test_proportion_has_its_interval():
    assert proportion(0, 0)["value"] is None
    whole = proportion(38, 38)
    assert whole["value"] == 1
    assert whole["low"] == pytest.approx(0.908, abs=0.002)


def test_sizes_tell_the_ground(scene):
    plane = straighten(scene.tracks, scene.picture)
    assert plane.approximate
    feet = np.array([[500.0, 400.0], [800.0, 400.0]])
    exact = plane_of(scene, "ground").to_ground(feet)
    guessed = plane.to_ground(feet)
    ratio = np.hypot(*(guessed[1] - guessed[0])) / np.hypot(*(exact[1] - exact[0]))
    assert ratio == pytest.approx(1, abs=0.25)
    straightened = straightened_picture(scene.tracks, scene.picture)
    assert straightened.units == "px"
    exact = in_pixels(plane_of(scene, "ground"), scene.tracks)
    assert straightened.metre == pytest.approx(exact.metre, rel=0.25)


def test_too_few_boxes_tell_nothing(scene):
    assert straighten(scene.tracks.iloc[:2], scene.picture) is None
    bare = straightened_picture(scene.tracks.iloc[:2], scene.picture)
    assert bare.homography is None
