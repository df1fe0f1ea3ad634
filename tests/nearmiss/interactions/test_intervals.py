import numpy as np
import pandas as pd
import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.intervals import COLUMNS, coverage, interval_study
from tasks.nearmiss.interactions.footprints import fit_track
from tasks.nearmiss.interactions.plane import Plane, distorted
from tasks.nearmiss.interactions.table import find_candidates
from tasks.nearmiss.interactions.trajectories import from_boxes
from tasks.nearmiss.scenes import load_catalogue

CAR = (4.4, 1.8, 1.55)
PICTURE = (1280, 720)
SHARE = 0.15


@pytest.fixture
def tracks(boxes_of):
    """A car that comes up behind a slower one."""
    return boxes_of(
        ("car", (-9.0, 16.0), (9.0, 0.0), CAR),
        ("car", (3.0, 16.0), (2.0, 0.0), CAR),
        seconds=0.8,
        jitter=1.0,
    )


def calibrated(matrix, draws):
    return Plane.of_ground(np.linalg.inv(matrix[:, [0, 1, 3]]), PICTURE, draws=draws)


def scaled(matrix):
    """The same ground, larger or smaller by SHARE."""
    exact = np.linalg.inv(matrix[:, [0, 1, 3]])
    scales = np.exp(SHARE * np.random.default_rng(1).standard_normal(48))
    return np.stack([np.diag([scale, scale, 1]) @ exact for scale in scales])


def only(tracks, plane):
    (found,) = find_candidates(from_boxes(tracks, plane))
    return found.row


def width(row):
    return row["ttc_high_sec"] - row["ttc_low_sec"]


def test_motion_on_another_plane_is_the_derivative_of_its_places():
    homography = np.array([[[1.02, 0.01, 0.3], [-0.02, 0.97, 0.1], [0.002, -0.001, 1]]])
    place, velocity, change = np.array([3, 20.0]), np.array([2, -5.0]), np.array([1, -2.0])

    def at(time):
        moved = homography[0] @ [*(place + velocity * time + change * time**2 / 2), 1]
        return moved[:2] / moved[2]

    step = 1e-3
    first = (at(step) - at(-step)) / 2 / step
    second = (at(step) - 2 * at(0) + at(-step)) / step**2
    found = distorted(np.concatenate([place, velocity, change])[None], homography)[0, 0]
    assert found == pytest.approx(np.concatenate([at(0), first, second]), abs=1e-4)


def test_draws_of_the_calibration_move_all_road_users_alike(matrix, tracks):
    one, two = from_boxes(tracks, calibrated(matrix, scaled(matrix)))
    drawn = one.draws
    assert np.allclose(drawn.stretch, two.draws.stretch)
    assert np.log(drawn.stretch).std() == pytest.approx(SHARE, rel=0.3)
    speeds = [np.hypot(*(each.velocities + each.draws.deviations[..., 2:4]).mean(axis=1).T)
              for each in (one, two)]  # fmt: skip
    assert np.corrcoef(*speeds)[0, 1] > 0.9
    far = np.corrcoef(drawn.stretch, drawn.sizes[:, 0])[0, 1]
    assert far > 0.5  # a size that was seen grows with the ground


def test_a_wrong_scale_hardly_widens_a_time_but_does_widen_the_score(matrix, tracks):
    exact = only(tracks, calibrated(matrix, ()))
    unsure = only(tracks, calibrated(matrix, scaled(matrix)))
    assert unsure["min_ttc_sec"] == pytest.approx(exact["min_ttc_sec"])
    assert width(unsure) < width(exact) + SHARE * exact["min_ttc_sec"]
    spread = [row["score_high"] - row["score_low"] for row in (exact, unsure)]
    assert spread[1] > spread[0]


def test_a_camera_that_may_be_tilted_otherwise_widens_the_interval(matrix, tilted, tracks):
    others = [tilted(28 + tilt) for tilt in np.linspace(-8, 8, 48)]
    draws = np.stack([np.linalg.inv(each[:, [0, 1, 3]]) for each in others])
    signs = np.sign(draws[:, 2] @ [640, 720, 1])  # a homography and its negative are one
    turned = draws * np.where(np.arange(48) % 2, 1, -1)[:, None, None] * signs[:, None, None]
    exact = only(tracks, calibrated(matrix, ()))
    unsure = only(tracks, calibrated(matrix, turned))
    assert width(unsure) > 1.1 * width(exact)
    assert unsure["ttc_low_sec"] <= unsure["min_ttc_sec"] <= unsure["ttc_high_sec"]


@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_noise_of_boxes_is_found_although_the_path_follows_it(plane, boxes_of, memory):
    spreads, memories = [], []
    for seed in range(6):
        clean = boxes_of(("car", (-9.0, 16.0), (5.0, 0.0), CAR), seconds=3.5)
        boxes = clean[["x1", "y1", "x2", "y2"]].to_numpy()
        noise = np.random.default_rng(seed).normal(0, 2, boxes.shape)
        for row in range(1, len(noise)):
            noise[row] = memory * noise[row - 1] + np.sqrt(1 - memory**2) * noise[row]
        fit = fit_track(plane, clean["timestamp_sec"].to_numpy(), boxes + noise, "car")
        spreads.append(fit.jitter_px)
        memories.append(fit.memory)
    assert np.mean(spreads) == pytest.approx(2, rel=0.2)
    assert np.mean(memories) == pytest.approx(memory, abs=0.15)


@pytest.mark.slow
def test_a_study_has_a_row_a_noise_and_calibration():
    scenes = {scene.name: scene for scene in load_catalogue(PROJECT_ROOT / "data" / "scenes")}
    chosen = [scenes["rear-end-standing-car"], scenes["waiting-on-island"]]
    table = interval_study(chosen, 2)
    assert list(table.columns) == COLUMNS
    assert set(table["scene"]) == {"rear-end-standing-car"}
    assert len(table) == 4
    assert table.groupby("calibration")["ttc_sec"].nunique().tolist() == [2, 2]  # other noise
    assert (table["low_sec"] <= table["high_sec"]).all()
    assert [row["calibration"] for row in coverage(table)] == ["exact", "points"]


def test_coverage_counts_what_is_inside():
    table = pd.DataFrame({"calibration": "exact", "scene": ["a", "b"], "true_ttc_sec": 1.0,
                          "ttc_sec": [1.0, 1.2], "low_sec": [0.9, 1.1], "high_sec": [1.1, 1.3],
                          "inside": [True, False]})  # fmt: skip
    (row,) = coverage(table)
    assert (row["value"], row["n"]) == (0.5, 2)
    assert row["width_sec"] == pytest.approx(0.2)


@pytest.mark.slow
def test_intervals_hold_the_truth_under_fresh_noise():
    """Not significantly below the 90 % that they promise."""
    scenes = load_catalogue(PROJECT_ROOT / "data" / "scenes")
    for row in coverage(interval_study(scenes, 2)):
        print(row)
        assert row["high"] >= 0.9
