"""The quick ways of encounters and conflict areas against exhaustive ones, on random pairs."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import label

from tasks.nearmiss.evaluation.interaction_speed import busy_crossing
from tasks.nearmiss.interactions import encounters
from tasks.nearmiss.interactions.conflict_area import CELL_M, area_passing
from tasks.nearmiss.interactions.encounters import encounter, states_at
from tasks.nearmiss.interactions.kept import Kept
from tasks.nearmiss.interactions.points import from_points
from tasks.nearmiss.measures import rectangle_distance, ttc_rectangles


@pytest.fixture(scope="module")
def traffic():
    return from_points(busy_crossing(8, seed=3), "m")


def test_states_that_are_kept_are_those_asked_for(traffic):
    met = 0
    for one, two in itertools.combinations(traffic, 2):
        meeting = encounter(one, two, 3.0)
        if meeting is None:
            continue
        for user, states in zip((one, two), meeting.states, strict=True):
            expected = states_at(user, meeting.times)
            shift = meeting.shift if user is two else 0.0
            np.testing.assert_array_equal(states.positions, expected.positions + shift)
            np.testing.assert_array_equal(states.velocities, expected.velocities)
            np.testing.assert_array_equal(states.headings, expected.headings)
        met += len(meeting.times) > 0
    assert met > 5


def test_states_are_dropped_when_too_many_are_kept(traffic):
    kept = Kept(
        lambda user: states_at(user, user.times), lambda states: len(states.positions), 2000
    )
    for user in traffic * 2:
        np.testing.assert_array_equal(kept(user).positions, states_at(user, user.times).positions)
    held = sum(len(states.positions) for _, states in kept._kept.values())
    assert 0 < held == kept._moments <= 2000


def test_collision_course_is_that_of_all_moments(traffic):
    on_course = 0
    for one, two in itertools.combinations(traffic, 2):
        meeting = encounter(one, two, 3.0)
        if meeting is None or not len(meeting.times):
            continue
        first, second = meeting.states
        shapes = [(each.headings, each.length, each.width) for each in meeting.states]
        gap = rectangle_distance(first.positions, *shapes[0], second.positions, *shapes[1])
        ttc = ttc_rectangles(
            first.positions, first.velocities, *shapes[0],
            second.positions, second.velocities, *shapes[1],
        )  # fmt: skip
        ttc = np.where((ttc <= encounters.HORIZON_SEC) & (gap > 0), ttc, np.inf)
        np.testing.assert_array_equal(meeting.gap, gap)
        np.testing.assert_array_equal(meeting.ttc, ttc)
        on_course += np.isfinite(ttc).any()
    assert on_course > 1


def test_separation_is_that_of_all_moments(traffic):
    moved = 0
    for one, two in itertools.combinations(traffic, 2):
        meeting = encounter(one, two, 3.0)
        if meeting is None or not len(meeting.times):
            continue
        depth, _ = encounters._overlap(states_at(one, meeting.times), states_at(two, meeting.times))
        assert (depth.max() > 0) == meeting.shift.any()
        if meeting.shift.any():
            moved += 1
    assert moved > 0


def every_cell_passing(times, centers, headings, sizes, point, first):
    """`area_passing`, each cell at each moment by itself."""
    reach = [np.hypot(*size) / 2 for size in sizes]
    low = np.max([c.min(axis=0) - r for c, r in zip(centers, reach, strict=True)], axis=0)
    high = np.min([c.max(axis=0) + r for c, r in zip(centers, reach, strict=True)], axis=0)
    if (low >= high).any():
        return None
    cell = max(CELL_M, np.sqrt(np.prod(high - low) / 40_000))
    x, y = (np.arange(low[k] + cell / 2, high[k], cell) for k in (0, 1))
    cells = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)

    def covers(center, heading, size):
        offset = cells[None] - center[:, None, None]
        along = (offset * heading[:, None, None]).sum(axis=-1)
        side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
        across = (offset * side[:, None, None]).sum(axis=-1)
        return (np.abs(along) <= size[0] / 2) & (np.abs(across) <= size[1] / 2)

    on = [covers(*each).any(axis=0) for each in zip(centers, headings, sizes, strict=True)]
    parts, count = label(on[0] & on[1], structure=np.ones((3, 3)))
    if not count:
        return None
    away = np.where(parts > 0, np.hypot(*np.moveaxis(cells - point, -1, 0)), np.inf)
    area = parts == parts.flat[np.argmin(away)]
    stays = []
    for time, center, heading, size in zip(times, centers, headings, sizes, strict=True):
        grown = (size[0] + cell, size[1] + cell)
        there = time[(covers(center, heading, grown) & area).any(axis=(1, 2))]
        stays.append((there[0], there[-1]))
    leave, enter = stays[first - 1][1], stays[2 - first][0]
    return (leave, enter) if enter > leave else None


def test_area_passing_is_that_of_every_cell():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(8):
        times, centers, headings = [], [], []
        for _ in range(2):
            speed, angle, turn = rng.uniform(3, 10), rng.uniform(0, 2 * np.pi), rng.normal(0, 0.1)
            time = np.arange(0, 2, 0.05) + rng.uniform(0, 2)
            angles = angle + turn * (time - time[0])
            heading = np.stack([np.cos(angles), np.sin(angles)], axis=1)
            place = np.cumsum(speed * 0.05 * heading, axis=0)
            times.append(time)
            centers.append(place - place[len(time) // 2] + rng.normal(0, 1, 2))
            headings.append(heading)
        arguments = times, centers, headings, ((4.5, 1.8), (2.0, 0.7)), rng.normal(0, 1, 2), 1
        got = area_passing(*arguments)
        assert got == every_cell_passing(*arguments)
        found += got is not None
    assert 2 <= found < 8


def test_a_single_common_moment_late_in_a_video(traffic):
    """Where rounding puts it on the grid, but before the first moment of the road user's own."""
    step = encounters.STEP_SEC
    late = next(
        n * step for n in range(10_000, 400_000)
        if np.ceil(n * step / step) > n and round(n * step / step) * step == n * step
    )  # fmt: skip
    user = traffic[0]
    moved = replace(user, times=user.times - user.times[0] + late)
    states = encounters._states_together(moved, np.array([late]))
    np.testing.assert_array_equal(states.positions, states_at(moved, np.array([late])).positions)
    assert len(states.positions) == 1
