"""Distance of rectangles and closest approach: analytic cases, and distances of edges."""

import numpy as np
import pytest
from pair_data import CAR, DIAGONAL, EAST, NORTH, points_of, random_pairs, without_velocity
from polygons import corners, overlap

from tasks.nearmiss.measures import closest_approach, rectangle_distance


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
