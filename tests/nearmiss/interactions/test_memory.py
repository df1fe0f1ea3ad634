"""What is held while interactions are sought must not grow with what a pair needs for a moment."""

import tracemalloc
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from tasks.nearmiss.evaluation.interaction_speed import busy_crossing
from tasks.nearmiss.interactions import identities, trajectories
from tasks.nearmiss.interactions.draws import Stream, draws_of_fit, normals_of_fit
from tasks.nearmiss.interactions.footprints import fit_track
from tasks.nearmiss.interactions.kept import PAIR, Kept
from tasks.nearmiss.interactions.plane import Plane
from tasks.nearmiss.interactions.points import from_points
from tasks.nearmiss.interactions.table import each_candidate, find_candidates
from tasks.nearmiss.interactions.trajectories import from_boxes

CAR, PERSON = (4.4, 1.8, 1.55), (0.6, 0.6, 1.75)


@pytest.fixture
def two_cars(boxes_of):
    return boxes_of(
        ("car", (-9.0, 16.0), (9.0, 0.0), CAR),
        ("car", (3.0, 14.0), (2.0, 0.5), CAR),
        seconds=2,
        jitter=1.0,
    )


def test_draws_made_late_are_those_of_one_generator_in_turn(two_cars, plane):
    users = from_boxes(two_cars, plane, seed=7)
    rng = np.random.default_rng(7)
    expected = []
    for user in users:
        fit = fit_track(plane, user.times, user.boxes, user.class_name)
        expected.append(draws_of_fit(fit, plane, rng))
    for user, drawn in reversed(list(zip(users, expected, strict=True))):
        for found in (user.draws, user.draw(user)):
            np.testing.assert_array_equal(found.deviations, drawn.deviations)
            np.testing.assert_array_equal(found.sizes, drawn.sizes)
            np.testing.assert_array_equal(found.position_sd, drawn.position_sd)
    assert not np.allclose(users[0].draws.sizes, users[1].draws.sizes)


def test_a_stream_is_passed_over_as_if_it_were_drawn():
    stream, rng = Stream(3), np.random.default_rng(3)
    for count in (5, 200_000, normals_of_fit(20)):
        start = stream.pass_over(count)
        np.testing.assert_array_equal(start.generator().standard_normal(count),
                                      rng.standard_normal(count))  # fmt: skip


def test_trajectories_hold_less_than_their_draws_would(boxes_of):
    users = [("car", (-9.0, 10.0 + row), (6.0, 0.0), CAR) for row in range(4)]
    tracks, picture = boxes_of(*users, seconds=3), Plane.of_picture((1280, 720))
    from_boxes(tracks, picture)  # what the first call leaves for good
    tracemalloc.start()
    try:
        found = from_boxes(tracks, picture)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    moments = sum(len(each.times) for each in found)
    assert held / moments < found[0].draws.deviations[:, 0].nbytes / 3


def test_the_last_pair_is_kept_however_long():
    made = []
    kept = Kept(lambda user: made.append(user) or np.zeros(user), len, 10)
    users = [1000, 2000]
    for user in users * 3:
        assert len(kept(user)) == user
    assert made == users
    kept(3000)
    assert len(kept._kept) == PAIR


def test_vehicles_that_stand_are_turned_by_streets_however_many_drove(boxes_of, plane, monkeypatch):
    users = [("car", (-9.0, 12.0 + 2 * row), (6.0, 0.0), CAR) for row in range(3)]
    tracks = boxes_of(*users, ("car", (0.0, 22.0), (0.0, 0.0), CAR), seconds=2.5, jitter=1.0)
    headings = []
    for most in (4000, 12):
        monkeypatch.setattr(trajectories, "MOST_STREET_SAMPLES", most)
        found = from_boxes(tracks, plane, repair=False)
        headings.append(next(each for each in found if each.track_id == 4).headings[0])
    for heading in headings:
        assert abs(heading @ [1.0, 0.0]) > 0.97


@pytest.mark.parametrize("seed", range(5))
def test_continuations_are_as_good_as_among_all_at_once(seed):
    rng = np.random.default_rng(seed)
    costs = {
        pair: float(cost)
        for pair, cost in zip(product(range(12), range(12)), rng.uniform(0, 2, 144), strict=True)
        if pair[0] != pair[1] and rng.random() < 0.12
    }
    table = np.full((12, 12), identities.IMPOSSIBLE)
    for pair, cost in costs.items():
        table[pair] = cost
    best = zip(*linear_sum_assignment(table), strict=True)
    assert sorted(identities._cheapest(costs)) == sorted((i, j) for i, j in best if (i, j) in costs)


def test_candidates_one_at_a_time_are_all_there_are():
    found = from_points(busy_crossing(9, seed=2), "m")
    rows = [each.row for each in each_candidate(found)]
    sorted_rows = pd.DataFrame(rows).sort_values("risk_score", ascending=False, kind="stable")
    expected = pd.DataFrame([each.row for each in find_candidates(found)])
    assert len(expected) > 1
    pd.testing.assert_frame_equal(sorted_rows.reset_index(drop=True), expected)
