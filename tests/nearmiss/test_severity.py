"""Braking to avoid a crash, modified time to collision and Delta-V."""

import numpy as np
import pytest
from pair_data import CAR, EAST, INF, NORTH

from tasks.nearmiss.measures import delta_v, drac, line_of_approach, modified_ttc, ttc_rectangles


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
