"""The angle and the kind of a conflict."""

import numpy as np
import pytest
from pair_data import unit

from tasks.nearmiss.measures import conflict_angle, conflict_type


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
