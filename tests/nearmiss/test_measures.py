"""Checks of measures.py: analytic cases, invariances, and independent brute force."""

import numpy as np
import pytest

from tasks.nearmiss.measures import (
    closest_approach,
    conflict_angle,
    conflict_type,
    delta_v,
    drac,
    line_of_approach,
    modified_ttc,
    pet,
    rectangle_distance,
    ttc_discs,
    ttc_points,
    ttc_rectangles,
)

CAR = (4.0, 2.0)
EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)
DIAGONAL = (np.sqrt(0.5), np.sqrt(0.5))
INF = np.inf


def unit(angle):
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def turned(vectors, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(vectors, dtype=float) @ np.array([[c, s], [-s, c]])


def random_pairs(n, seed):
    """Road users within 25 m that mostly head for one another, as keyword arguments."""
    rng = np.random.default_rng(seed)
    center1 = rng.uniform(-5, 5, (n, 2))
    center2 = center1 + unit(rng.uniform(0, 2 * np.pi, n)) * rng.uniform(1, 25, (n, 1))
    velocity1 = rng.normal(0, 5, (n, 2))
    approach = (center1 - center2) / rng.uniform(1, 4, (n, 1)) + rng.normal(0, 1.5, (n, 2))
    return {
        "center1": center1,
        "velocity1": velocity1,
        "heading1": unit(rng.uniform(0, 2 * np.pi, n)),
        "length1": rng.uniform(0.5, 8, n),
        "width1": rng.uniform(0.4, 2.5, n),
        "center2": center2,
        "velocity2": velocity1 + approach,
        "heading2": unit(rng.uniform(0, 2 * np.pi, n)),
        "length2": rng.uniform(0.5, 8, n),
        "width2": rng.uniform(0.4, 2.5, n),
    }


def points_of(pairs):
    return pairs["center1"], pairs["velocity1"], pairs["center2"], pairs["velocity2"]


def without_velocity(pairs):
    return {name: value for name, value in pairs.items() if "velocity" not in name}


def swapped(pairs):
    other = str.maketrans("12", "21")
    return {name.translate(other): value for name, value in pairs.items()}


# --- an independent geometry: polygon edges that cross, corners that lie inside ------------------


def corners(center, heading, length, width):
    side = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    along, across = heading * (length / 2)[:, None], side * (width / 2)[:, None]
    return np.stack(
        [center + along + across, center - along + across, center - along - across,
         center + along - across], axis=1)  # fmt: skip


def orientation(a, b, c):
    ab, ac = b - a, c - a
    return ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0]


def overlap(polygon1, polygon2):
    """Whether counter-clockwise n x 4 x 2 polygons overlap."""
    next1, next2 = np.roll(polygon1, -1, axis=1), np.roll(polygon2, -1, axis=1)
    a, b = polygon1[:, :, None], next1[:, :, None]
    c, d = polygon2[:, None], next2[:, None]
    crossing = (orientation(a, b, c) * orientation(a, b, d) <= 0) & (
        orientation(c, d, a) * orientation(c, d, b) <= 0
    )
    inside2 = (orientation(c, d, polygon1[:, :1, None]) >= 0).all(axis=(1, 2))
    inside1 = (orientation(a, b, polygon2[:, None, :1]) >= 0).all(axis=(1, 2))
    return crossing.any(axis=(1, 2)) | inside1 | inside2


def overlap_at(pairs, time, grow=0.0):
    """Whether the pairs, with all sizes grown, overlap at the given times."""
    boxes = [
        corners(
            pairs[f"center{k}"] + pairs[f"velocity{k}"] * np.asarray(time)[..., None],
            pairs[f"heading{k}"],
            pairs[f"length{k}"] + grow,
            pairs[f"width{k}"] + grow,
        )
        for k in (1, 2)
    ]
    return overlap(*boxes)


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


def edge_distance(pairs):
    """Distance of rectangles by all corner-to-edge distances, 0 where they overlap."""
    boxes = [
        corners(*(pairs[f"{field}{k}"] for field in ("center", "heading", "length", "width")))
        for k in (1, 2)
    ]
    found = []
    for box, other in (boxes, boxes[::-1]):
        start = other[:, None]
        edge = np.roll(other, -1, axis=1)[:, None] - start
        to_corner = box[:, :, None] - start
        share = (to_corner * edge).sum(-1) / (edge**2).sum(-1)
        gap = to_corner - np.clip(share, 0, 1)[..., None] * edge
        found.append(np.sqrt((gap**2).sum(-1)).min(axis=(1, 2)))
    return np.where(overlap(*boxes), 0.0, np.minimum(*found))


# --- time to collision ---------------------------------------------------------------------------

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


# --- distance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p2", "v2", "distance", "time"),
    [
        ((10, 3), (-5, 0), 3.0, 2.0),
        ((10, 3), (5, 0), np.hypot(10, 3), 0.0),
        ((10, 3), (0, 0), np.hypot(10, 3), 0.0),
        ((10, 0), (-5, 0), 0.0, 2.0),
        ((0, 0), (5, 0), 0.0, 0.0),
    ],
)
def test_closest_approach_known(p2, v2, distance, time):
    got = closest_approach([[0, 0]], [[0, 0]], [p2], [v2])
    assert np.ravel(got) == pytest.approx([distance, time])


def test_closest_approach_is_the_minimum():
    p1, v1, p2, v2 = points_of(random_pairs(300, seed=6))
    distance, time = closest_approach(p1, v1, p2, v2)
    times = np.linspace(0, 10, 2001)
    path = (p2 - p1)[:, None] + (v2 - v1)[:, None] * times[:, None]
    sampled = np.linalg.norm(path, axis=2)
    inside = time < 10
    assert (distance <= sampled.min(axis=1) + 1e-12).all()
    np.testing.assert_allclose(distance[inside], sampled.min(axis=1)[inside], atol=0.1)
    at_time = np.linalg.norm(p2 - p1 + (v2 - v1) * time[:, None], axis=1)
    np.testing.assert_allclose(at_time, distance, atol=1e-9)


@pytest.mark.parametrize(
    ("center2", "heading2", "expected"),
    [
        ((10, 0), EAST, 6.0),
        ((0, 5), EAST, 3.0),
        ((7, 6), EAST, 5.0),
        ((10, 0), NORTH, 7.0),
        ((10, 0), DIAGONAL, 8 - 1.5 * np.sqrt(2)),
        ((4, 0), EAST, 0.0),
        ((0, 0), NORTH, 0.0),  # a cross: no corner lies inside the other
        ((1, 0.5), EAST, 0.0),
    ],
)
def test_rectangle_distance_known(center2, heading2, expected):
    got = rectangle_distance([[0, 0]], [EAST], *CAR, [center2], [heading2], *CAR)
    assert got == pytest.approx([expected], abs=1e-12)


def test_rectangle_distance_against_edges():
    pairs = without_velocity(random_pairs(2000, seed=7))
    got = rectangle_distance(**pairs)
    assert 100 < (got == 0).sum() < 1500
    np.testing.assert_allclose(got, edge_distance(pairs), atol=1e-12)


# --- severity and kind ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "speed", "expected"),
    [(10, 10, 5), (20, 10, 2.5), (10, 0, 0), (10, -5, 0), (0, 5, INF), (0, 0, 0), (0, -5, 0),
     (INF, 5, 0)],
)  # fmt: skip
def test_drac_known(gap, speed, expected):
    assert drac([gap], [speed])[0] == expected


def test_drac_stops_just_in_time():
    gap, speed = np.array([3.0, 17.0, 40.0]), np.array([2.0, 13.0, 30.0])
    rate = drac(gap, speed)
    stopping_time = speed / rate
    np.testing.assert_allclose(speed * stopping_time - rate * stopping_time**2 / 2, gap)
    # Braking exactly that hard makes the modified TTC the stopping time; any harder, never.
    np.testing.assert_allclose(modified_ttc(gap, speed, -rate * (1 - 1e-12)), stopping_time, 1e-5)
    assert (modified_ttc(gap, speed, -rate * (1 + 1e-6)) == INF).all()


def test_line_of_approach_of_rectangles():
    c1, v1, c2, v2 = [[-13.0, 0]], [[10.0, 0]], [[0.0, 0]], [[0.0, 0]]
    ttc = ttc_rectangles(c1, v1, [EAST], *CAR, c2, v2, [NORTH], *CAR)
    gap, speed = line_of_approach(v1, v2, ttc)
    assert (gap[0], speed[0]) == pytest.approx((10.0, 10.0))
    assert drac(gap, speed)[0] == pytest.approx(5.0)
    gap, speed = line_of_approach([[1, 0], [0, 0]], [[4, 4], [0, 0]], [INF, INF])
    assert gap.tolist() == [INF, INF]
    assert speed.tolist() == [5, 0]
    assert drac(gap, speed).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("gap", "speed", "acceleration", "expected"),
    [
        (20, 5, 0, 4.0),
        (20, -5, 0, INF),
        (20, 0, 0, INF),
        (12, 5, 2, 1.7720018726587652),  # t^2 + 5 t - 12
        (8, 0, 4, 2.0),
        (8, 0, -4, INF),
        (8, 6, -4, INF),  # brakes in time: 2 t^2 - 6 t + 8 has no root
        (4, 6, -4, 1.0),
        (16, -4, 8, 2.5615528128088303),  # 4 t^2 - 4 t - 16
        (16, -4, -8, INF),
        (0, -3, 0, 0.0),
        (INF, 5, 1, INF),
    ],
)
def test_modified_ttc_known(gap, speed, acceleration, expected):
    assert modified_ttc(gap, speed, acceleration) == pytest.approx(expected, rel=1e-14)


def test_modified_ttc_is_the_first_root():
    rng = np.random.default_rng(8)
    gap, speed, acceleration = rng.uniform(0.1, 50, 3000), *rng.normal(0, 6, (2, 3000))
    got = modified_ttc(gap, speed, acceleration)
    for row in range(3000):
        roots = np.roots([acceleration[row] / 2, speed[row], -gap[row]])
        real = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
        assert got[row] == pytest.approx(real.min() if real.size else INF, rel=1e-6)
    # Next to no acceleration gives plain TTC, without losing digits.
    assert modified_ttc(10, 4, 1e-14) == pytest.approx(2.5, rel=1e-13)
    assert modified_ttc(10, 4, -1e-14) == pytest.approx(2.5, rel=1e-13)


@pytest.mark.parametrize(
    ("m1", "v1", "m2", "v2", "expected"),
    [
        (1000, (20, 0), 1000, (0, 0), (10, 10)),
        (1500, (10, 0), 1500, (-10, 0), (10, 10)),
        (1500, (10, 0), 500, (-10, 0), (5, 15)),
        (1000, (3, 0), 3000, (0, 4), (3.75, 1.25)),
        (80, (5, 5), 2000, (5, 5), (0, 0)),
    ],
)
def test_delta_v_known(m1, v1, m2, v2, expected):
    got = delta_v([m1], [v1], [m2], [v2])
    assert np.ravel(got) == pytest.approx(expected)
    common = (np.multiply(m1, v1) + np.multiply(m2, v2)) / (m1 + m2)
    assert np.ravel(got) == pytest.approx([np.hypot(*(common - v1)), np.hypot(*(common - v2))])


@pytest.mark.parametrize("angle", [0, 1e-7, 30, 45, 90, 135, 179.9999999, 180])
@pytest.mark.parametrize("side", [1, -1])
def test_conflict_angle(angle, side):
    one = unit(np.radians([77.0]))
    two = unit(np.radians([77.0 + side * angle]))
    assert conflict_angle(one, two) == pytest.approx([angle], abs=1e-12)
    assert conflict_angle(two, one) == pytest.approx([angle], abs=1e-12)


def test_conflict_type():
    angles = [0, 29.9, 30, 60, 85, 85.1, 120, 149.9, 150, 180]
    kinds, vulnerable = conflict_type(angles, [True] + 9 * [False], 8 * [False] + 2 * [True])
    assert kinds.tolist() == (
        2 * ["rear-end"] + 3 * ["merging"] + 3 * ["crossing"] + 2 * ["head-on"]
    )
    assert vulnerable.tolist() == [True] + 7 * [False] + 2 * [True]
    _, all_vulnerable = conflict_type([10, 90], False, True)
    assert all_vulnerable.tolist() == [True, True]


def test_cars_driving_away_have_no_ttc_on_the_ground():
    # 30 m and 35 m from the camera, both driving away at 10 m/s: only their images converge.
    p1, p2, v = [[0.0, 30.0]], [[0.0, 35.0]], [[0.0, 10.0]]
    assert ttc_points(p1, v, p2, v)[0] == INF
    assert ttc_discs(p1, v, p2, v, 2.0)[0] == INF
    assert ttc_rectangles(p1, v, [NORTH], 4.5, 1.8, p2, v, [NORTH], 4.5, 1.8)[0] == INF
    faster = [[0.0, 10.5]]  # the same scene with the rear car closing does have one
    got = ttc_rectangles(p1, faster, [NORTH], 4.5, 1.8, p2, v, [NORTH], 4.5, 1.8)
    assert got == pytest.approx([1.0])


# --- post-encroachment time ----------------------------------------------------------------------


def straight(at, velocity, until, rate=10.0, heading=None, start=0.0):
    """Track through ``at`` at time 0 of the clock, as times, centres, headings."""
    times = np.arange(start, until, 1 / rate)
    velocity = np.asarray(velocity, dtype=float)
    heading = velocity / np.hypot(*velocity) if heading is None else np.asarray(heading)
    return times, at + times[:, None] * velocity, np.tile(heading, (len(times), 1)).astype(float)


def turning(start, heading, speed, turn_rate, until, rate):
    """Track on a circle, with exact poses."""
    times = np.arange(0, until, 1 / rate)
    return times, *turning_pose(start, heading, speed, turn_rate, times)


def turning_pose(start, heading, speed, turn_rate, times):
    angle = heading + turn_rate * times
    radius = speed / turn_rate
    x = start[0] + radius * (np.sin(angle) - np.sin(heading))
    y = start[1] - radius * (np.cos(angle) - np.cos(heading))
    return np.stack([x, y], axis=1), unit(angle)


def rotated_track(track, angle, shift=(0.0, 0.0), delay=0.0):
    times, centers, headings = track
    return times + delay, turned(centers, angle) + shift, turned(headings, angle)


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


# --- input ---------------------------------------------------------------------------------------

GOOD = {name: value[:3] for name, value in random_pairs(3, seed=9).items()}


def with_nan(array):
    bad = np.array(array)
    bad[1] = np.nan
    return bad


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heading1": GOOD["heading1"] * 1.01}, "heading1 must hold unit vectors"),
        ({"heading2": GOOD["heading2"] * 0}, "heading2 must hold unit vectors"),
        ({"heading2": np.array([0.1, 0.2, 0.3])}, r"heading2 must be an n x 2 array"),
        ({"center1": with_nan(GOOD["center1"])}, "center1 must be finite"),
        ({"velocity2": GOOD["velocity2"] + INF}, "velocity2 must be finite"),
        ({"length1": with_nan(GOOD["length1"])}, "length1 must be finite"),
        ({"length2": 0.0}, "length2 must be above 0"),
        ({"width1": np.array([1, -1, 1])}, "width1 must be above 0"),
        ({"width2": np.ones(4)}, "width2 must be one number"),
        ({"center2": GOOD["center2"][:2]}, "same number of rows"),
        ({"velocity1": np.zeros((3, 3))}, "velocity1 must be an n x 2 array"),
    ],
)
def test_bad_rectangles(change, message):
    ttc_rectangles(**GOOD)
    with pytest.raises(ValueError, match=message):
        ttc_rectangles(**GOOD | change)
    name = next(iter(change))
    if "velocity" not in name:
        with pytest.raises(ValueError, match=message):
            rectangle_distance(**without_velocity(GOOD | change))


XY = np.ones((2, 2))
BAD_CALLS = [
    (ttc_points, (XY, XY, XY, XY * np.nan), "v2 must be finite"),
    (ttc_points, (XY, XY[:1], XY, XY), "same number of rows"),
    (ttc_discs, (XY, XY, XY, XY, -1), "radius must not be negative"),
    (ttc_discs, (XY, XY, XY, XY, [1, 2, 3]), "radius must be one number"),
    (ttc_discs, (XY, XY, XY, XY, INF), "radius must be finite"),
    (closest_approach, (XY, XY, XY[0], XY), "p2 must be an n x 2 array"),
    (drac, (-1, 1), "gap must not be negative"),
    (drac, (np.nan, 1), "gap must not be negative"),
    (drac, (1, INF), "closing_speed must be finite"),
    (drac, ([1, 2], [1, 2, 3]), "closing_speed must be one number"),
    (modified_ttc, (-1, 1, 1), "gap must not be negative"),
    (modified_ttc, (1, np.nan, 1), "closing_speed must be finite"),
    (modified_ttc, (1, 1, np.nan), "closing_acceleration must be finite"),
    (line_of_approach, (XY, XY, [1]), "ttc must hold 2 numbers"),
    (line_of_approach, (XY, XY, [1, -1]), "ttc must not be negative"),
    (delta_v, ([0, 1], XY, 1, XY), "m1 must be above 0"),
    (conflict_angle, (XY, XY), "heading1 must hold unit vectors"),
    (conflict_type, ([181], False, False), "angle_deg must lie between 0 and 180"),
    (conflict_type, ([np.nan], False, False), "angle_deg must lie between 0 and 180"),
    (conflict_type, ([1, 2], [True, True, False], False), "is_vulnerable must be one"),
]


@pytest.mark.parametrize(("function", "arguments", "message"), BAD_CALLS)
def test_bad_input(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


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


def test_no_pairs():
    none, empty = np.empty((0, 2)), np.empty(0)
    assert ttc_points(none, none, none, none).shape == (0,)
    assert ttc_discs(none, none, none, none, 1.0).shape == (0,)
    assert ttc_rectangles(none, none, none, 4, 2, none, none, none, 4, empty).shape == (0,)
    assert rectangle_distance(none, none, 4, 2, none, none, empty, 2).shape == (0,)
    assert [part.shape for part in closest_approach(none, none, none, none)] == [(0,), (0,)]
    assert [part.shape for part in line_of_approach(none, none, empty)] == [(0,), (0,)]
    assert [part.shape for part in delta_v(empty, none, 1.0, none)] == [(0,), (0,)]
    assert drac(empty, empty).shape == modified_ttc(empty, 1.0, empty).shape == (0,)
    assert conflict_angle(none, none).shape == (0,)
    assert [part.shape for part in conflict_type(empty, False, False)] == [(0,), (0,)]


def test_arguments_stay_as_they_were():
    pairs = random_pairs(20, seed=10)
    before = {name: value.copy() for name, value in pairs.items()}
    ttc_rectangles(**pairs)
    rectangle_distance(**without_velocity(pairs))
    for name, value in pairs.items():
        np.testing.assert_array_equal(value, before[name])
