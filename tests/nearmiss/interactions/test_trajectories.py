import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.interactions.plane import Plane, camera_matrix
from tasks.nearmiss.interactions.points import from_points
from tasks.nearmiss.interactions.smoother import smooth
from tasks.nearmiss.interactions.trajectories import from_boxes

CAR = (4.4, 1.8, 1.55)


def test_camera_is_found_from_its_homography(matrix):
    found = camera_matrix(np.linalg.inv(matrix[:, [0, 1, 3]]), (1280, 720))
    assert found / found[2, 3] == pytest.approx(matrix / matrix[2, 3], rel=1e-6)


def test_camera_is_found_where_y_points_the_other_way(matrix):
    flip = np.diag([1.0, -1.0, 1.0])
    found = camera_matrix(flip @ np.linalg.inv(matrix[:, [0, 1, 3]]), (1280, 720))
    top, foot = (found @ np.array([0, -15.0, h, 1]) for h in (2.0, 0.0))
    assert top[1] / top[2] < foot[1] / foot[2]


@pytest.mark.parametrize("bad", [np.ones((3, 3)), np.full((3, 3), np.nan), np.eye(2)])
def test_bad_homography_is_told(bad):
    with pytest.raises(ValueError, match="homography"):
        Plane.of_ground(bad)


@pytest.mark.parametrize("velocity", [(6.0, 0.0), (0.0, 5.0), (4.0, 3.0)])
def test_place_is_the_middle_and_not_the_near_side(plane, boxes_of, velocity):
    tracks = boxes_of(("car", (-3.0, 12.0), velocity, CAR), seconds=2, jitter=1.0)
    (car,) = from_boxes(tracks, plane)
    true = np.array([-3.0, 12.0]) + car.times[:, None] * np.array(velocity)
    middle = slice(len(car.times) // 5, -len(car.times) // 5)
    assert np.hypot(*(car.positions - true)[middle].T).max() < 0.35
    assert np.hypot(*(car.velocities - velocity)[middle].T).max() < 0.8
    assert car.length == pytest.approx(4.4, abs=0.4)
    assert car.units == "m"


def test_ground_without_the_pictures_size_still_works(matrix, boxes_of):
    plane = Plane.of_ground(np.linalg.inv(matrix[:, [0, 1, 3]]))
    assert plane.projection is None
    (car,) = from_boxes(boxes_of(("car", (-5.0, 14.0), (6.0, 0.0), CAR), seconds=2), plane)
    assert np.abs(car.positions[:, 1] - 14.0).max() < 1.5


def test_outlier_boxes_do_not_move_the_path(plane, boxes_of):
    tracks = boxes_of(("car", (-5.0, 14.0), (5.0, 0.0), CAR), seconds=2, jitter=1.0)
    tracks.loc[20, ["y1", "y2"]] += 150
    (car,) = from_boxes(tracks, plane)
    assert np.abs(car.positions[:, 1] - 14.0).max() < 0.5


def test_missing_frames_are_filled_and_marked(plane, boxes_of):
    tracks = boxes_of(
        ("car", (-5.0, 14.0), (5.0, 0.0), CAR),
        ("person", (0, 9.0), (0.1, 0), (0.6, 0.6, 1.75)),
        seconds=2,
    )
    tracks = tracks.drop(index=range(10, 16))
    car = from_boxes(tracks, plane)[0]
    assert (~car.observed).sum() == 6
    assert car.positions[12, 0] == pytest.approx(-5 + 5 * car.times[12], abs=0.2)


def test_a_long_hole_makes_two_trajectories(plane, boxes_of):
    tracks = boxes_of(("person", (0, 12.0), (0, 0), (0.6, 0.6, 1.75)), seconds=6)
    held = tracks[(tracks["timestamp_sec"] < 1) | (tracks["timestamp_sec"] > 4)]
    assert len(from_boxes(held, plane, repair=False)) == 2


def test_edge_cases(plane, boxes_of):
    tracks = boxes_of(("car", (-5.0, 14.0), (5.0, 0.0), CAR), seconds=1)
    assert from_boxes(tracks.iloc[:0], plane) == []
    (single,) = from_boxes(tracks.iloc[:1], plane)
    assert len(single.times) == 1
    assert np.isfinite(single.positions).all()
    spoilt = tracks.copy()
    spoilt.loc[3, "x1"] = np.nan
    spoilt.loc[4, "y2"] = spoilt.loc[4, "y1"]
    (car,) = from_boxes(spoilt, plane)
    assert car.observed.sum() == len(tracks) - 2 or len(car.times) == len(tracks) - 2
    stuck = tracks.copy()
    stuck.loc[5:8, "timestamp_sec"] = stuck.loc[5, "timestamp_sec"]
    (car,) = from_boxes(stuck, plane)
    assert (np.diff(car.times) > 0).all()
    with pytest.raises(ValueError, match="lack the columns"):
        from_boxes(tracks.drop(columns="x1"), plane)
    above = tracks.assign(y1=-300.0, y2=-200.0)  # above the horizon
    assert from_boxes(above, plane) == []


def test_standing_car_keeps_still(plane, boxes_of):
    tracks = boxes_of(("car", (-2.0, 14.0), (0, 0), CAR), seconds=3, jitter=2.0)
    (car,) = from_boxes(tracks, plane)
    assert car.speeds[10:-10].max() < 0.5
    assert np.hypot(*(car.positions.mean(axis=0) - [-2.0, 14.0])) < 0.8


def test_bare_picture_is_in_pixels(boxes_of):
    tracks = boxes_of(("car", (-5.0, 14.0), (5.0, 0.0), CAR), seconds=2)
    (car,) = from_boxes(tracks, Plane.of_picture((1280, 720)))
    assert car.units == "px"
    assert car.speeds.mean() > 50


def test_swapped_identities_are_put_right(plane, boxes_of):
    tracks = boxes_of(
        ("car", (-9.0, 16.0), (8.0, 0.0), CAR),
        ("car", (9.0, 20.0), (-8.0, 0.0), CAR),
        seconds=2.2,
        jitter=1.0,
    )
    swapped = tracks.copy()
    later = tracks["timestamp_sec"] > 1.1
    swapped.loc[later, "track_id"] = 3 - tracks.loc[later, "track_id"]
    found = from_boxes(swapped, plane)
    assert len(found) == 2
    for each in found:
        assert np.ptp(np.sign(each.velocities[:, 0])) == 0
        assert set(each.source_ids) == {1, 2}


def test_switched_identity_is_one_road_user(plane, boxes_of):
    tracks = boxes_of(("car", (-6.0, 14.0), (5.0, 0.0), CAR), seconds=2.4, jitter=1.0)
    tracks.loc[tracks["timestamp_sec"] > 1.0, "track_id"] = 7
    (car,) = from_boxes(tracks, plane)
    assert car.source_id(0.2) == 1
    assert car.source_id(2.0) == 7


def test_points_need_their_columns_and_units(points_of):
    tracks = points_of(("car", lambda t: (10 * t, 0.0)))
    with pytest.raises(ValueError, match="Units"):
        from_points(tracks, "km")
    with pytest.raises(ValueError, match="lack the columns x"):
        from_points(tracks.drop(columns="x"), "m")
    assert from_points(tracks.iloc[:0], "m") == []
    tracks.loc[4, "x"] = np.nan
    (car,) = from_points(tracks.assign(length=5.0, heading_deg=90.0), "m")
    assert len(car.times) == len(tracks) - 1
    assert car.length == 5.0
    assert car.headings[0] == pytest.approx([0.0, 1.0])


def test_smoother_meets_its_own_error():
    rng = np.random.default_rng(1)
    times = np.arange(100) * 0.04
    true = np.column_stack([8 * times, np.zeros(100)])
    sd = 0.2
    seen = true + sd * rng.standard_normal(true.shape)
    path = smooth(times, np.tile(np.eye(2) / sd**2, (100, 1, 1)), seen / sd**2, 6.0, 12.0, 2.0)
    error = path.mean[:, :2] - true
    claimed = path.draws(400, rng)[:, :, :2].std(axis=0)
    assert np.sqrt((error**2).mean()) < 0.6 * sd
    assert 0.5 < np.sqrt((error**2).mean()) / claimed.mean() < 2.0


def test_smoother_of_one_moment():
    path = smooth(np.zeros(1), np.eye(2)[None], np.ones((1, 2)), 6.0, 12.0, 2.0)
    assert path.mean[0, :2] == pytest.approx([1, 1], abs=1e-3)
    assert path.draws(3, np.random.default_rng(0)).shape == (3, 1, 6)
    assert isinstance(pd.DataFrame(path.mean), pd.DataFrame)
