from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
import shapely.affinity

from tasks.nearmiss.scenes import truth
from tasks.nearmiss.scenes.true_ttc import time_to_collision
from tasks.nearmiss.scenes.truth import COLUMNS


def car(user_id, path, speed=0.0, **more):
    return {"id": user_id, "class": "car", "path": path, "speed": speed, **more}


def only(table):
    assert list(table.columns) == COLUMNS
    assert len(table) == 1
    return table.iloc[0]


def test_pet_of_a_right_angle_crossing(make_scene):
    # a leaves the shared square when its tail is 0.9 m past the middle: at 40 + 0.9 + 2.2 m;
    # b enters it with its nose 0.9 m before the middle: at 45 - 0.9 - 2.2 m.
    row = only(
        truth(make_scene(car("a", [[-40, 0], [60, 0]], 10), car("b", [[0, -45], [0, 60]], 8)))
    )
    left, arrived = 43.1 / 10, 41.9 / 8
    assert row.pet_sec == pytest.approx(arrived - left, abs=1e-3)
    assert row.pet_first == "a"
    assert row.pet_time_sec == pytest.approx(arrived, abs=1e-3)
    assert row.pet_angle_deg == pytest.approx(90)
    assert math.isnan(row.min_ttc_sec)
    assert row.is_near_miss
    assert row.near_miss_by == "pet"
    assert not row.is_borderline
    assert row.near_miss_start_sec == pytest.approx(left, abs=1e-3)
    assert row.near_miss_end_sec == pytest.approx(arrived, abs=1e-3)
    assert row.pet_lag_sec == pytest.approx(row.pet_sec, abs=0.11)


def test_a_late_crossing_is_no_near_miss(make_scene):
    row = only(
        truth(make_scene(car("a", [[-30, 0], [60, 0]], 10), car("b", [[0, -50], [0, 60]], 8)))
    )
    assert row.pet_sec == pytest.approx(46.9 / 8 - 33.1 / 10, abs=1e-3)
    assert not row.is_near_miss
    assert not row.is_borderline


def test_ttc_of_right_angle_courses_that_meet():
    # The nose of b, 10 m before a's side at 5 m/s, gets there while a stands across.
    stands, comes = shapely.box(-2.2, -0.9, 2.2, 0.9), shapely.box(-0.9, -15.3, 0.9, -10.9)
    ttc = time_to_collision(np.array([stands]), np.array([comes]), np.array([[0.0, 5.0]]))
    assert ttc[0] == pytest.approx(2.0, abs=1e-3)
    past = time_to_collision(np.array([stands]), np.array([comes]), np.array([[3.0, 5.0]]))
    assert past[0] == math.inf


def test_ttc_of_following(make_scene):
    # Gap 30 m at the start closing at 5 m/s until the follower brakes to the leader's speed.
    row = only(
        truth(
            make_scene(
                car("lead", [[-6, 0], [80, 0]], 5),
                car("late", [[-40.4, 0], [80, 0]], [[0, 10], [5, 10], [5.625, 5]]),
            )
        )
    )
    gap = 30 - 5 * 5
    # While braking at 8: gap 5 - 5 t + 4 t^2 over closing speed 5 - 8 t.
    ttc = min((gap - 5 * t + 4 * t * t) / (5 - 8 * t) for t in np.linspace(0, 0.6, 601))
    assert row.min_ttc_sec == pytest.approx(ttc, abs=0.02)
    assert row.min_distance_m == pytest.approx(5 - 25 / 16, abs=1e-6)
    assert row.max_braking_mps2 == pytest.approx(8)
    assert row.conflict_angle_deg == pytest.approx(0)
    # It comes no nearer than 3.4 m: just outside the nominal 3 m, hence borderline.
    assert not row.is_near_miss
    assert row.borderline_reason == "threshold"


def test_braking_hard_behind_a_leader_is_a_near_miss(make_scene):
    row = only(
        truth(
            make_scene(
                car("lead", [[-20, 0], [80, 0]], [[0, 12], [2, 12], [4, 0]]),
                car("late", [[-31.4, 0], [80, 0]], [[0, 12], [2.6, 12], [4.2, 0]]),
            )
        )
    )
    assert row.is_near_miss
    assert row.near_miss_by == "ttc"
    assert not row.is_borderline
    assert 2.0 < row.near_miss_start_sec < row.min_ttc_time_sec <= row.near_miss_end_sec < 4.5


def test_a_gentle_stop_behind_a_standing_car_is_none(make_scene):
    row = only(
        truth(
            make_scene(
                car("stands", [[10, 0]]),
                car("stops", [[-39.3, 0], [20, 0]], [[0, 8], [2.8, 8], [7.8, 0]]),
            )
        )
    )
    assert row.min_ttc_sec < 2.5
    assert row.max_drac_mps2 < 1.6
    assert not row.is_near_miss
    assert not row.is_borderline


@pytest.mark.parametrize(
    "users",
    [
        [car("e", [[-40, -1.75], [60, -1.75]], 12), car("w", [[40, 1.75], [-60, 1.75]], 12)],
        [car("p", [[0, 0]]), car("q", [[0, 2.5]])],
        [car("a", [[-40, 0], [60, 0]], 10), car("b", [[-58, 0], [60, 0]], 10)],
        [
            {"id": f"g{i}", "class": "person", "path": [[-5, 0.8 * i], [20, 0.8 * i]], "speed": 1.4}
            for i in range(3)
        ],
        [
            {"id": "k", "class": "person", "path": [[0, -5.4]]},
            car("a", [[-40, -1.75], [60, -1.75]], 12),
        ],
    ],
    ids=["opposite-lanes", "parked", "convoy", "group", "kerb"],
)
def test_everyday_traffic_has_none(make_scene, users):
    table = truth(make_scene(*users))
    assert not table["is_near_miss"].any()
    assert not table["is_borderline"].any()
    assert table["min_ttc_sec"].isna().all()


def test_two_pedestrians_are_no_traffic_conflict(make_scene):
    table = truth(
        make_scene(
            {"id": "a", "class": "person", "path": [[-5, 0], [9, 0]], "speed": 1.4},
            {"id": "b", "class": "person", "path": [[0, -6], [0, 9]], "speed": 1.4},
        )
    )
    assert only(table).pet_sec < 1.5
    assert not only(table).is_near_miss


def test_what_the_camera_does_not_see_does_not_count(make_scene):
    users = [car("a", [[-40, 0], [60, 0]], 10), car("b", [[0, -45], [0, 60]], 8)]
    away = {"position": [0, 200], "height": 10, "tilt": 20, "fov_deg": 60}
    row = only(truth(make_scene(*users, camera=away)))
    assert row.pet_sec < 1.5
    assert not row.is_near_miss
    assert row.both_visible_sec == 0


def test_meeting_in_a_bend_is_marked_turning(make_scene):
    row = only(
        truth(
            make_scene(
                car("outer", [[-38, -1.75], [1.75, -1.75], [1.75, 50]], 7, corner_radius=21.5),
                car("inner", [[-1.75, 38], [-1.75, 1.75], [-50, 1.75]], 7, corner_radius=18),
            )
        )
    )
    assert row.min_ttc_sec < 1.5
    assert not row.is_near_miss
    assert row.borderline_reason == "turning"


def test_users_never_together_make_no_row(make_scene):
    table = truth(
        make_scene(
            car("a", [[-40, 0], [60, 0]], 10, leaves=2.0),
            car("b", [[0, -45], [0, 60]], 8, enters=3.0),
        )
    )
    assert list(table.columns) == COLUMNS
    assert len(table) == 0


def test_ttc_agrees_with_dense_stepping():
    rng, step = np.random.default_rng(3), 0.01
    ahead = np.arange(0, 4, step)
    hits = 0
    for _ in range(60):
        here = shapely.affinity.rotate(shapely.box(-2.2, -0.9, 2.2, 0.9), rng.uniform(0, 180))
        there = shapely.affinity.translate(
            shapely.affinity.rotate(here, rng.uniform(0, 180)), *rng.uniform(6, 14, 2)
        )
        velocity = rng.uniform(-9, 0, 2)
        ttc = time_to_collision(np.array([here]), np.array([there]), velocity[None, :])[0]
        moved = [shapely.affinity.translate(there, *(t * velocity)) for t in ahead]
        touching = shapely.intersects(here, moved)
        if touching.any():
            hits += 1
            assert ahead[touching.argmax()] - step - 1e-3 <= ttc <= ahead[touching.argmax()] + 1e-3
        else:
            # A graze may fall between two steps.
            assert ttc == math.inf or shapely.distance(here, moved).min() < 9 * step
    assert hits > 15
