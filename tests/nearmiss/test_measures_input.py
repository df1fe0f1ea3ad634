"""What the measures say of input that they cannot use, and of no input at all."""

import numpy as np
import pytest
from pair_data import INF, random_pairs, without_velocity

from tasks.nearmiss.measures import (
    closest_approach,
    conflict_angle,
    conflict_type,
    delta_v,
    drac,
    line_of_approach,
    modified_ttc,
    rectangle_distance,
    ttc_discs,
    ttc_points,
    ttc_rectangles,
)

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
