from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.nearmiss.scenes.language import RoadUser
from tasks.nearmiss.scenes.paths import motion_of

PROFILE = [[0, 6], [2, 6], [4, 2], [6, 8]]
USERS = {
    "straight": {"path": [[0, 0], [90, 30]], "speed": PROFILE},
    "arcs": {"path": [[0, 0], [20, 0], [20, 25], [50, 40]], "speed": PROFILE, "corner_radius": 5},
    "cubic": {"path": [[0, 0], [15, 2], [25, 14], [60, 20]], "speed": PROFILE, "smooth": "cubic"},
    "timed": {"timed": [[0, 0, 0], [3, 10, 2], [5, 10, 2], [9, 30, 20]]},
}


def _motion(name):
    return motion_of(RoadUser(**{"id": "u", "class": "car", **USERS[name]}), 8.0)


@pytest.mark.parametrize("name", USERS)
def test_velocity_is_the_derivative_of_position(name):
    motion, step = _motion(name), 1e-4
    times = np.linspace(0.05, 7.9, 700)
    slope = (motion.state(times + step).position - motion.state(times - step).position) / 2 / step
    assert np.abs(slope - motion.state(times).velocity).max() < 2e-3


@pytest.mark.parametrize("name", USERS)
def test_acceleration_is_the_derivative_of_velocity(name):
    motion, step = _motion(name), 1e-5
    times = np.linspace(0.05, 7.9, 700)
    slope = (motion.state(times + step).velocity - motion.state(times - step).velocity) / 2 / step
    error = np.abs(slope - motion.state(times).acceleration).max(axis=1)
    # Arcs and speed knots start and end at once, so a few differences straddle a jump.
    assert (error < 1e-2).mean() > 0.99


@pytest.mark.parametrize("name", USERS)
def test_position_and_velocity_have_no_jumps(name):
    times = np.arange(0, 7.9, 0.002)
    state = _motion(name).state(times)
    assert np.linalg.norm(np.diff(state.position, axis=0), axis=1).max() < 0.05
    assert np.linalg.norm(np.diff(state.velocity, axis=0), axis=1).max() < 0.12


@pytest.mark.parametrize("name", ["straight", "arcs", "cubic"])
def test_speed_follows_the_profile_and_heading_the_velocity(name):
    times = np.linspace(0, 7.9, 300)
    state = _motion(name).state(times)
    wanted = np.interp(times, *np.array(PROFILE).T)
    assert np.allclose(state.speed, wanted, atol=1e-9)
    along = np.stack([np.cos(state.heading), np.sin(state.heading)], axis=1)
    assert np.allclose(along * state.speed[:, None], state.velocity, atol=1e-9)


def test_an_arc_is_passed_at_its_radius():
    motion = _motion("arcs")
    state = motion.state(np.linspace(0, 7.9, 2000))
    (vx, vy), (ax, ay) = state.velocity.T, state.acceleration.T
    across = np.abs(vx * ay - vy * ax) / state.speed**3
    assert np.isclose(across.max(), 1 / 5.0)
    assert across.min() == 0


def test_a_stop_keeps_its_heading_and_a_parked_user_its_own():
    state = _motion("timed").state([3.5, 4.5])
    assert np.allclose(state.velocity, 0)
    before = _motion("timed").state([2.99]).heading
    assert np.allclose(state.heading, before, atol=0.05)
    parked = RoadUser(**{"id": "p", "class": "car", "path": [[1, 2]], "heading": 90})
    state = motion_of(parked, 5.0).state([0, 5])
    assert np.allclose(state.position, [1, 2])
    assert np.allclose(state.heading, math.pi / 2)


def test_a_user_leaves_at_its_paths_end():
    user = RoadUser(**{"id": "u", "class": "car", "path": [[0, 0], [20, 0]], "speed": 5})
    assert math.isclose(motion_of(user, 8.0).leaves, 4.0, abs_tol=1e-6)
