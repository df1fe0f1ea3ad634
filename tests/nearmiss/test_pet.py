"""Post-encroachment time: analytic cases, tracks that end, turns against a raster."""

import numpy as np
import pytest
from pair_data import CAR, DIAGONAL, EAST, INF, NORTH, turned, unit
from track_data import rotated_track, straight, turning, turning_pose

from tasks.nearmiss.encroachment import _pieces, _smallest_delay
from tasks.nearmiss.measures import pet


@pytest.mark.parametrize("rate", [2.0, 10.0, 29.97])
@pytest.mark.parametrize(
    ("speed1", "speed2", "size1", "size2", "start2"),
    [
        (10, 10, CAR, CAR, -60),
        (15, 4, CAR, (1.8, 0.6), -25),
        (5, 12, (12, 2.5), CAR, -95),
        (8, 1.4, (4.5, 1.8), (0.5, 0.5), -12),
        (1.2, 9, (0.5, 0.5), (16.5, 2.55), -260),
    ],
)
def test_pet_right_angle(rate, speed1, speed2, size1, size2, start2):
    start1 = -17.0
    leave = (size2[1] / 2 + size1[0] / 2 - start1) / speed1
    enter = (-size1[1] / 2 - size2[0] / 2 - start2) / speed2
    assert enter - leave > 0.3
    one = straight((start1, 0), (speed1, 0), 40, rate)
    two = straight((0, start2), (0, speed2), 40, rate)
    corner = np.array([size2[1] / 2, -size1[1] / 2])
    for angle, shift, delay in ((0, (0, 0), 0), (0.6, (300, -20), 1.7e9)):
        a, b = (rotated_track(track, angle, shift, delay) for track in (one, two))
        tolerance = 1e-9 if not delay else 2e-6  # doubles near 1.7e9 are 2.4e-7 apart
        for got, first in ((pet(*a, *size1, *b, *size2), 1), (pet(*b, *size2, *a, *size1), 2)):
            assert got.pet == pytest.approx(enter - leave, abs=tolerance)
            assert got.first == first
            assert got.leave_time - delay == pytest.approx(leave, abs=tolerance)
            assert got.enter_time - delay == pytest.approx(enter, abs=tolerance)
            np.testing.assert_allclose(got.point, turned(corner, angle) + shift, atol=1e-4)
            assert not got.censored


def assert_undefined(got):
    assert got.first == 0
    assert not got.censored
    assert np.isnan([got.pet, *got.point, got.leave_time, got.enter_time]).all()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(
            straight((-20, 0), (10, 0), 5), straight((0, -20), (0, 10), 5), id="collision"
        ),
        pytest.param(
            # 1 still has 1 m to clear when 2 arrives.
            straight((-20, 0), (10, 0), 5), straight((0, -25), (0, 10), 5), id="both inside"
        ),
        pytest.param(
            straight((-20, 0), (10, 0), 5), straight((20, 3.5), (-10, 0), 5), id="opposite lanes"
        ),
        pytest.param(
            straight((-20, 0), (10, 0), 5), straight((20, 2), (-10, 0), 5), id="grazing"
        ),
        pytest.param(
            straight((-20, 0), (10, 0), 5), straight((0, -60), (0, 10), 5), id="stops short"
        ),
        pytest.param(
            straight((0, 0), (0, 0), 5, heading=EAST),
            straight((9, 0), (0, 0), 5, heading=EAST),
            id="parked apart",
        ),
        pytest.param(
            straight((0, 0), (0, 0), 5, heading=EAST),
            straight((0, 0), (0, 0), 5, heading=NORTH),
            id="parked crossed",
        ),
    ],
)  # fmt: skip
def test_pet_undefined(one, two):
    assert_undefined(pet(*one, *CAR, *two, *CAR))
    assert_undefined(pet(*two, *CAR, *one, *CAR))


def test_pet_collides_between_samples():
    # At 1 Hz no two samples of the pair overlap; the paths between them do.
    one, two = straight((-15, 0), (30, 0), 5, 1), straight((0, -15), (0, 30), 5, 1)
    assert_undefined(pet(*one, 4, 2, *two, 4, 2))


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, 2.0])
@pytest.mark.parametrize(("leader", "follower"), [(10, 10), (10, 8), (8, 10)])
def test_pet_following(angle, leader, follower):
    one = rotated_track(straight((20, 0), (leader, 0), 4), angle)
    two = rotated_track(straight((-10, 0), (follower, 0), 4), angle)
    got = pet(*one, *CAR, *two, *CAR)
    # The leader's rear starts at x = 18, the follower's front at -8. Where the rear is at x, it is
    # there at (x - 18) / leader, and the front at (x + 8) / follower.
    last = -8 + follower * one[0][-1]
    places = np.array([18.0, last])
    expected = ((places + 8) / follower - (places - 18) / leader).min()
    assert got.pet == pytest.approx(expected, abs=1e-9)
    assert got.first == 1
    assert abs(turned(got.point, -angle)[1]) < 1e-6
    if leader == follower:
        assert not got.censored


def test_pet_oblique_is_by_location():
    # Both drive straight, at 45 degrees, through (0, 0) at 2 s and 4.5 s. The area they share is
    # |y| < 1, |x - y| < sqrt 2; the wait is linear over it, so least in one of its corners.
    one = straight((-20, 0), (10, 0), 12, 30)
    velocity2 = np.multiply(DIAGONAL, 8)
    two = straight(velocity2 * -4.5, velocity2, 12, 30)
    area = np.array([(y + side * np.sqrt(2), y) for y in (-1, 1) for side in (-1, 1)])
    leaves, enters = 2 + (area[:, 0] + 2) / 10, 4.5 + (area @ DIAGONAL - 2) / 8
    got = pet(*one, *CAR, *two, *CAR)
    assert got.pet == pytest.approx((enters - leaves).min(), abs=1e-9)
    assert got.first == 1
    np.testing.assert_allclose(got.point, area[(enters - leaves).argmin()], atol=1e-6)
    # Not the time between leaving the area as a whole and entering it, which is shorter.
    assert got.pet > enters.min() - leaves.max() + 0.05


def test_pet_where_a_parked_user_had_been():
    # 1 stands on the crossing until 6 s, pulls off, and 2 comes by at 10 s.
    times = np.array([0.0, 6.0, 7.0, 20.0])
    one = times, np.array([[0.0, 0], [0, 0], [8, 0], [120, 0]]), np.tile(EAST, (4, 1))
    two = straight((0, -103), (0, 10), 20)
    got = pet(*one, *CAR, *two, *CAR)
    assert got.leave_time == pytest.approx(6 + 3 / 8)
    assert got.enter_time == pytest.approx((103 - 3) / 10)
    assert not got.censored


def test_pet_censored_where_a_track_ends_in_the_way():
    one = straight((-20, 0), (10, 0), 2.05)  # lost on the crossing, at t = 2
    two = straight((0, -63), (0, 10), 20)
    got = pet(*one, *CAR, *two, *CAR)
    assert got.censored
    assert (got.leave_time, got.enter_time) == pytest.approx((2.0, 6.0))
    late = straight((0, 0), (10, 0), 20, start=9.0)  # 2 was gone before this track starts
    shifted = late[0], late[1] - [90, 0], late[2]
    got = pet(*shifted, *CAR, *two, *CAR)
    assert got.censored
    assert got.first == 2
    assert got.enter_time == pytest.approx(9.0)


def test_pet_of_steady_following_prefers_a_place_seen_in_full():
    # At 1 Hz and 2 s apart, the earliest equal wait is where the follower's track begins.
    one, two = straight((20, 0), (10, 0), 4, 1, start=-3.0), straight((-4, 0), (10, 0), 4, 1)
    got = pet(*one, *CAR, *two, *CAR)
    assert got.pet == pytest.approx(2.0, abs=1e-9)
    assert got.enter_time > 0.1
    assert not got.censored


def occupancy(track_pose, size, places, times):
    """First and last time each place lies inside the footprint."""
    centers, headings = track_pose(times)
    side = np.stack([-headings[:, 1], headings[:, 0]], axis=1)
    ahead = places @ headings.T - (centers * headings).sum(1)
    aside = places @ side.T - (centers * side).sum(1)
    inside = (np.abs(ahead) <= size[0] / 2) & (np.abs(aside) <= size[1] / 2)
    visited = inside.any(axis=1)
    first = np.where(visited, times[inside.argmax(axis=1)], np.nan)
    last = np.where(visited, times[::-1][inside[:, ::-1].argmax(axis=1)], np.nan)
    return first, last


def raster_pet(pose1, size1, pose2, size2, until):
    """PET as a raster: the least time from one's leaving a place to the other's reaching it.

    A coarse raster finds the place, two finer ones round it the value: conflict areas are often
    pointed just where the least time is.
    """
    middle = np.zeros(2)
    for half, cell, step in ((8.0, 0.1, 0.02), (0.3, 0.02, 0.004), (0.1, 0.004, 0.004)):
        side = np.arange(-half, half + cell / 2, cell)
        places = middle + np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        times = np.arange(0, until, step)
        enter1, leave1 = occupancy(pose1, size1, places, times)
        places = places[np.isfinite(enter1)]
        enter2, leave2 = occupancy(pose2, size2, places, times)
        gap = np.maximum(enter2 - leave1[np.isfinite(leave1)], enter1[np.isfinite(enter1)] - leave2)
        middle = places[np.nanargmin(gap)]
    return np.nanmin(gap)


@pytest.mark.parametrize(
    ("move1", "move2", "size1", "size2"),
    [
        # start, heading, speed, turn rate: a left turn across oncoming traffic, and others
        (((-14, -8), 0.2, 7, 0.25), ((6, 18), -1.7, 8, 0.05), CAR, CAR),
        (((-10, 0), 0.0, 6, 0.5), ((0, -30), 1.57, 7, 0.01), (12, 2.5), (1.8, 0.6)),
        (((-9, 5), -0.4, 5, -0.4), ((8, -22), 1.9, 5, 0.08), CAR, (0.6, 0.6)),
    ],
)
def test_pet_of_turning_users(move1, move2, size1, size2):
    one, two = turning(*move1, 6.05, 10), turning(*move2, 6.05, 10)
    got = pet(*one, *size1, *two, *size2)
    brute = raster_pet(
        lambda t: turning_pose(*move1, t), size1, lambda t: turning_pose(*move2, t), size2, 6
    )
    assert brute > 0.1
    assert got.pet == pytest.approx(brute, abs=0.02)
    back = pet(*two, *size2, *one, *size1)
    assert back.pet == pytest.approx(got.pet, abs=1e-9)
    assert back.first == 3 - got.first
    np.testing.assert_allclose(back.point, got.point, atol=1e-6)


def test_pet_barely_depends_on_the_sampling_rate():
    # Two users turning past each other nearly edge to edge: the worst case for held headings.
    move1, move2 = ((-32, -3), 0.1, 9, 0.05), ((12, 10), 3.6, 6, -0.1)
    slow, fast = (
        pet(*turning(*move1, 6.05, rate), *CAR, *turning(*move2, 6.05, rate), 9, 2.5).pet
        for rate in (10, 200)
    )
    assert slow == pytest.approx(fast, abs=0.01)
    assert fast == pytest.approx(0.158, abs=0.01)  # pieces and samples ten times finer


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, [0.0, 2.0, 1.0], "times1 must increase"),
        (0, [0.0, 1.0, 1.0], "times1 must increase"),
        (0, [0.0], "times1 must hold at least 2 times"),
        (0, [0.0, 1.0, np.nan], "times1 must be finite"),
        (1, np.zeros((2, 2)), "same number of rows"),
        (2, np.zeros((3, 2)), "headings1 must hold unit vectors"),
        (3, 0.0, "length1 must be above 0"),
        (3, [4.0, 4.0, 4.0], "length1 must be one number"),
        (5, [0.0, 1.0], "centers2 must have a row for each time"),
        (6, np.full((3, 2), np.nan), "centers2 must be finite"),
        (9, -1.0, "width2 must be above 0"),
    ],
)
def test_pet_bad_input(position, value, message):
    track = np.arange(3.0), np.zeros((3, 2)), np.tile(EAST, (3, 1))
    arguments = [*track, *CAR, *track, *CAR]
    pet(*arguments)
    arguments[position] = value
    with pytest.raises(ValueError, match=message):
        pet(*arguments)


def jittered(track, seed):
    """The track with headings that shake by about two degrees, which cuts it into many pieces."""
    times, centers, headings = track
    angles = 0.03 * np.random.default_rng(seed).standard_normal(len(times))
    side = np.stack([-headings[:, 1], headings[:, 0]], axis=1)
    return times, centers, np.cos(angles)[:, None] * headings + np.sin(angles)[:, None] * side


def random_tracks(seed):
    """Two users that follow, cross or meet, one of them perhaps turning, in random lanes."""
    rng = np.random.default_rng(seed)
    speeds, headings = rng.uniform(1, 14, 2), rng.choice([0, np.pi / 2, np.pi, 0.4], 2)
    rates = rng.choice([1e-6, 0.15, -0.3], 2)
    starts = -rng.uniform(5, 35, (2, 1)) * unit(headings) + rng.uniform(-3, 3, (2, 2))
    return [
        jittered(turning(start, heading, speed, rate, rng.uniform(4, 6), 4), seed)
        for start, heading, speed, rate in zip(starts, headings, speeds, rates, strict=True)
    ]


def exhaustive_delay(one, size1, two, size2):
    """Least |t2 - t1| of all pieces of one track with all of the other; inf where none touch."""
    pieces1, pieces2 = _pieces(*one, *size1), _pieces(*two, *size2)
    i, j = np.indices((len(pieces1.time), len(pieces2.time))).reshape(2, -1)
    return np.abs(_smallest_delay(pieces1.take(i), pieces2.take(j))).min()


def test_pet_is_the_least_over_all_pairs_of_pieces():
    found = []
    for seed in range(24):
        one, two = random_tracks(seed)
        expected = exhaustive_delay(one, CAR, two, (9.0, 2.5))
        got = pet(*one, *CAR, *two, 9.0, 2.5)
        if 0 < expected < INF:
            found.append(got.pet)
            assert got.pet == pytest.approx(expected, abs=2e-9)
        else:
            assert_undefined(got)
    assert 4 < len(found) < 22


def test_pet_within_a_time_is_the_same_or_undefined():
    shorter = []
    for seed in range(24):
        one, two = random_tracks(seed)
        free, bound = (pet(*one, *CAR, *two, *CAR, within=within) for within in (INF, 1.5))
        shorter.append(free.pet <= 1.5)
        if shorter[-1]:
            np.testing.assert_equal(tuple(bound), tuple(free))
        else:
            assert_undefined(bound)
    assert 2 < sum(shorter) < 22
