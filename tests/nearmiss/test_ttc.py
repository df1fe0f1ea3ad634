"""Time to collision: analytic cases, invariances, and stepping in time."""

import numpy as np
import pytest
from pair_data import (
    CAR,
    DIAGONAL,
    EAST,
    INF,
    NORTH,
    WEST,
    points_of,
    random_pairs,
    swapped,
    turned,
    without_velocity,
)
from polygons import overlap_at

from tasks.nearmiss.measures import (
    closest_approach,
    rectangle_distance,
    ttc_discs,
    ttc_points,
    ttc_rectangles,
)


def stepped_contact(pairs, step, horizon):
    """First of the times 0, step, 2 step ... at which each pair overlaps; inf if none does."""
    first = np.full(len(pairs["center1"]), INF)
    reach = sum(np.hypot(pairs[f"length{k}"], pairs[f"width{k}"]) / 2 for k in (1, 2))
    for time in np.arange(0, horizon, step):
        between = pairs["center2"] - pairs["center1"]
        between = between + (pairs["velocity2"] - pairs["velocity1"]) * time
        todo = np.flatnonzero((first == INF) & (np.hypot(*between.T) <= reach))
        hit = overlap_at({name: value[todo] for name, value in pairs.items()}, np.full(1, time))
        first[todo[hit]] = time
    return first


# name, (centre, velocity, heading) of 1 and of 2, TTC of 4 m x 2 m cars
CASES = [
    ("head-on", ((0, 0), (10, 0), EAST), ((34, 0), (-5, 0), WEST), 30 / 15),
    ("following", ((0, 0), (12, 0), EAST), ((19, 0), (9, 0), EAST), 15 / 3),
    ("following slower", ((0, 0), (9, 0), EAST), ((19, 0), (12, 0), EAST), INF),
    ("both driving away", ((0, 30), (0, 10), NORTH), ((0, 35), (0, 10), NORTH), INF),
    ("crossing, 1 hits 2", ((-13, 0), (10, 0), EAST), ((0, -10), (0, 10), NORTH), 1.0),
    ("crossing, too late", ((-13, 0), (10, 0), EAST), ((0, -40), (0, 10), NORTH), INF),
    ("perpendicular, one static", ((-23, 0), (10, 0), EAST), ((0, 0), (0, 0), NORTH), 2.0),
    ("rotated 45 degrees", ((-13, 0), (10, 0), EAST), ((0, 0), (0, 0), DIAGONAL),
     (11 - 1.5 * np.sqrt(2)) / 10),
    ("opposite lanes", ((0, 0), (10, 0), EAST), ((50, 3.5), (-10, 0), WEST), INF),
    ("opposite lanes, grazing", ((0, 0), (10, 0), EAST), ((44, 2), (-10, 0), WEST), 2.0),
    ("parallel", ((0, 0), (10, 0), EAST), ((0, 3.5), (10, 0), EAST), INF),
    ("drifting into the next lane", ((0, 0), (10, 1), EAST), ((0, 3.5), (10, 0), EAST), 1.5),
    ("already overlapping", ((0, 0), (10, 0), EAST), ((3, 1), (20, 0), EAST), 0.0),
    ("already touching", ((0, 0), (-1, 0), EAST), ((4, 0), (1, 0), EAST), 0.0),
    ("static pair apart", ((0, 0), (0, 0), EAST), ((9, 0), (0, 0), EAST), INF),
    ("static pair crossed", ((0, 0), (0, 0), EAST), ((0, 0), (0, 0), NORTH), 0.0),
    ("one static", ((0, 0), (0, 0), EAST), ((14, 0), (-5, 0), WEST), 2.0),
    ("moving apart", ((0, 0), (-3, 0), EAST), ((14, 0), (3, 0), EAST), INF),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "two", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_ttc_rectangles_known(one, two, expected):
    rows = [[np.atleast_2d(np.asarray(v, dtype=float)) for v in user] for user in (one, two)]
    (c1, v1, h1), (c2, v2, h2) = rows
    for got in (
        ttc_rectangles(c1, v1, h1, *CAR, c2, v2, h2, *CAR),
        ttc_rectangles(c2, v2, h2, *CAR, c1, v1, h1, *CAR),
    ):
        assert got.shape == (1,)
        assert got[0] == pytest.approx(expected, abs=1e-12)


def test_ttc_rectangles_against_stepping():
    pairs = random_pairs(4000, seed=1)
    step, horizon = 0.01, 6.0
    exact = ttc_rectangles(**pairs)
    stepped = stepped_contact(pairs, step, horizon)
    hit = np.isfinite(stepped)
    assert hit.sum() > 1500
    assert (~hit).sum() > 500
    assert (exact[hit] <= stepped[hit] + 1e-9).all()
    assert (exact[hit] >= stepped[hit] - step - 1e-9).all()
    # What the steps miss lies beyond their horizon or lasts less than one step.
    brief = ~hit & (exact < horizon - step)
    assert brief.sum() < 20
    seen = np.isfinite(exact)
    some = {name: value[seen] for name, value in pairs.items()}
    assert overlap_at(some, exact[seen], grow=1e-9).all()
    later = exact > 0
    some = {name: value[seen & later] for name, value in pairs.items()}
    assert not overlap_at(some, exact[seen & later], grow=-1e-9).any()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(swapped, id="swap"),
        pytest.param(
            lambda p: {k: np.add(v, [70, -30]) if "center" in k else v for k, v in p.items()},
            id="translation",
        ),
        pytest.param(
            lambda p: {k: turned(v, 0.7) if v.ndim == 2 else v for k, v in p.items()},
            id="rotation",
        ),
        pytest.param(
            lambda p: {k: np.add(v, [13, -8]) if "velocity" in k else v for k, v in p.items()},
            id="Galilean boost",
        ),
    ],
)
def test_invariance(change):
    pairs = random_pairs(2000, seed=2)
    other = change(pairs)
    assert any(not np.array_equal(pairs[name], other[name]) for name in pairs)
    before = ttc_rectangles(**pairs)
    assert 500 < np.isfinite(before).sum() < 1900
    np.testing.assert_allclose(ttc_rectangles(**other), before, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        rectangle_distance(**without_velocity(other)),
        rectangle_distance(**without_velocity(pairs)),
        atol=1e-9,
    )
    discs = ttc_discs(*points_of(pairs), 2.5)
    np.testing.assert_allclose(ttc_discs(*points_of(other), 2.5), discs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        closest_approach(*points_of(other)), closest_approach(*points_of(pairs)), atol=1e-9
    )


def test_rectangles_lie_between_inscribed_and_circumscribed_discs():
    pairs = random_pairs(5000, seed=3)
    sizes = [(pairs[f"length{k}"], pairs[f"width{k}"]) for k in (1, 2)]
    outer = ttc_discs(*points_of(pairs), sum(np.hypot(*s) / 2 for s in sizes))
    inner = ttc_discs(*points_of(pairs), sum(np.minimum(*s) / 2 for s in sizes))
    exact = ttc_rectangles(**pairs)
    assert (outer <= exact + 1e-9).all()
    assert (exact <= inner + 1e-9).all()
    assert (outer < exact - 0.01).sum() > 1000
    assert (exact < inner - 0.01).sum() > 1000


def test_distance_reaches_zero_at_ttc():
    pairs = random_pairs(1000, seed=4)
    ttc = ttc_rectangles(**pairs)
    meets = np.isfinite(ttc) & (ttc > 0)
    some = {name: value[meets] for name, value in pairs.items()}

    def distance_at(time):
        moved = {
            f"center{k}": some[f"center{k}"] + some[f"velocity{k}"] * time[:, None] for k in (1, 2)
        }
        return rectangle_distance(**without_velocity(some) | moved)

    assert meets.sum() > 300
    assert distance_at(ttc[meets]).max() < 1e-12
    assert distance_at(ttc[meets] * (1 - 1e-6)).min() > 0


@pytest.mark.parametrize(
    ("p2", "v1", "v2", "expected"),
    [
        ((10, 0), (5, 0), (0, 0), 2.0),
        ((10, 0), (5, 0), (-5, 0), 1.0),
        ((10, 0), (0, 0), (0, 0), INF),
        ((10, 0), (5, 0), (5, 0), INF),
        ((10, 0), (5, 0), (6, 0), INF),
        ((10, 0), (0, 5), (0, 0), INF),
        ((3, 4), (5, 0), (0, 0), 5 / 3),
        ((0, 0), (5, 0), (9, 0), 0.0),
    ],
)
def test_ttc_points_known(p2, v1, v2, expected):
    got = ttc_points([[0, 0]], [v1], [p2], [v2])
    assert got == pytest.approx([expected])
    moved = ttc_points([[7, 7]], [v1], [np.add(p2, 7)], [v2])
    assert moved == pytest.approx([expected])


@pytest.mark.parametrize(
    ("p2", "v2", "radius", "expected"),
    [
        ((10, 0), (-4, 0), 2, 2.0),
        ((10, 2), (-4, 0), 2, 2.5),  # grazing
        ((10, 2.001), (-4, 0), 2, INF),
        ((10, 3), (-1, 0), 5, 6.0),
        ((10, 0), (4, 0), 2, INF),
        ((10, 0), (0, 0), 2, INF),
        ((1, 1), (4, 0), 2, 0.0),
        ((2, 0), (4, 0), 2, 0.0),
        ((10, 0), (-4, 0), 0, 2.5),
    ],
)
def test_ttc_discs_known(p2, v2, radius, expected):
    assert ttc_discs([[0, 0]], [[0, 0]], [p2], [v2], radius) == pytest.approx([expected])


def test_ttc_discs_keeps_its_digits_when_far():
    # b^2 - a c of the textbook formula keeps no digit of the radius here.
    far, radius = 1e9, 1e-3
    got = ttc_discs([[0, 0]], [[0, 0]], [[far, 0.6e-3]], [[-1.0, 0]], radius)
    assert got[0] == pytest.approx(far - 0.8e-3, rel=1e-15)
    missed = ttc_discs([[0, 0]], [[0, 0]], [[far, 1.0001e-3]], [[-1.0, 0]], radius)
    assert missed[0] == INF
    near = ttc_discs([[0, 0]], [[0, 0]], [[1 + 1e-12, 0]], [[-1e3, 0]], 1.0)
    assert near[0] == pytest.approx(((1 + 1e-12) - 1) / 1e3, rel=1e-12)


def test_ttc_discs_touch_then():
    pairs = random_pairs(2000, seed=5)
    p1, v1, p2, v2 = points_of(pairs)
    radius = np.linspace(0.5, 4, 2000)
    time = ttc_discs(p1, v1, p2, v2, radius)
    meets = np.isfinite(time) & (time > 0)
    assert meets.sum() > 500
    gap = np.linalg.norm(p2 + v2 * np.where(meets, time, 0)[:, None]
                         - p1 - v1 * np.where(meets, time, 0)[:, None], axis=1)  # fmt: skip
    np.testing.assert_allclose(gap[meets], radius[meets], rtol=1e-11)
    nearest, _ = closest_approach(p1, v1, p2, v2)
    np.testing.assert_array_equal(np.isfinite(time), nearest <= radius)


def test_cars_driving_away_have_no_ttc_on_the_ground():
    # 30 m and 35 m from the camera, both driving away at 10 m/s: only their images converge.
    p1, p2, v = [[0.0, 30.0]], [[0.0, 35.0]], [[0.0, 10.0]]
    assert ttc_points(p1, v, p2, v)[0] == INF
    assert ttc_discs(p1, v, p2, v, 2.0)[0] == INF
    assert ttc_rectangles(p1, v, [NORTH], 4.5, 1.8, p2, v, [NORTH], 4.5, 1.8)[0] == INF
    faster = [[0.0, 10.5]]  # the same scene with the rear car closing does have one
    got = ttc_rectangles(p1, faster, [NORTH], 4.5, 1.8, p2, v, [NORTH], 4.5, 1.8)
    assert got == pytest.approx([1.0])
