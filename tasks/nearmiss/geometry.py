"""Vectors and oriented rectangles, n at a time, and checks of what is given.

Vectors are n x 2 arrays. Input that is not finite, or of the wrong shape, raises ``ValueError``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Given = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]  # centres, headings, lengths, widths

UNIT_TOLERANCE = 1e-6  # single-precision headings pass


# --- rectangles


class Boxes(NamedTuple):
    """n oriented rectangles."""

    center: Floats
    heading: Floats
    half_length: Floats
    half_width: Floats

    def take(self, index: NDArray[np.intp] | np.intp) -> Boxes:
        return Boxes(*(field[index] for field in self))


def box_pair(given1: Given, given2: Given) -> tuple[Boxes, Boxes]:
    """The two validated rectangles of n pairs."""
    center1, heading1, length1, width1 = given1
    center2, heading2, length2, width2 = given2
    center1, center2, _, _ = as_vectors(
        center1=center1, center2=center2, heading1=heading1, heading2=heading2
    )
    heading1, heading2 = as_unit_vectors(heading1=heading1, heading2=heading2)
    length1, width1, length2, width2 = as_positive(
        (len(center1),), length1=length1, width1=width1, length2=length2, width2=width2
    )
    return (
        Boxes(center1, heading1, length1 / 2, width1 / 2),
        Boxes(center2, heading2, length2 / 2, width2 / 2),
    )


def edge_directions(one: Boxes, two: Boxes) -> Floats:
    """The directions that can separate two rectangles, 4 x n x 2."""
    return np.stack([one.heading, turned_left(one.heading), two.heading, turned_left(two.heading)])


def reach_along(boxes: Boxes, axes: Floats) -> Floats:
    """How far each rectangle reaches from its centre along each axis."""
    along = np.abs(dot(axes, boxes.heading))
    across = np.abs(dot(axes, turned_left(boxes.heading)))
    return boxes.half_length * along + boxes.half_width * across


def corners_of(boxes: Boxes) -> Floats:
    """Corners, 4 x ... x 2."""
    ahead = boxes.half_length[..., None] * boxes.heading
    aside = boxes.half_width[..., None] * turned_left(boxes.heading)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return np.stack([boxes.center + a * ahead + b * aside for a, b in signs])


def point_distance(points: Floats, boxes: Boxes) -> Floats:
    """Distance from each point to its rectangle, 0 inside."""
    between = points - boxes.center
    ahead = np.abs(dot(between, boxes.heading)) - boxes.half_length
    aside = np.abs(dot(between, turned_left(boxes.heading))) - boxes.half_width
    return np.hypot(np.maximum(ahead, 0.0), np.maximum(aside, 0.0))


def time_within(offset: Floats, rate: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """From when to when |offset + rate * t| <= reach; (inf, -inf) where never."""
    still = rate == 0
    inside = np.abs(offset) <= reach
    speed = np.where(still, 1.0, np.abs(rate))
    toward = np.where(rate < 0, -offset, offset)
    with np.errstate(over="ignore"):  # a rate of next to nothing: the time is next to never
        start = np.where(still, np.where(inside, -np.inf, np.inf), (-reach - toward) / speed)
        stop = np.where(still, np.where(inside, np.inf, -np.inf), (reach - toward) / speed)
    return start, stop


# --- vectors


def dot(a: Floats, b: Floats) -> Floats:
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1]


def cross(a: Floats, b: Floats) -> Floats:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def length_of(a: Floats) -> Floats:
    return np.hypot(a[..., 0], a[..., 1])


def turned_left(a: Floats) -> Floats:
    """Turned a quarter circle to the left."""
    return np.stack([-a[..., 1], a[..., 0]], axis=-1)


def rotate(a: Floats, angle: Floats) -> Floats:
    return np.cos(angle)[:, None] * a + np.sin(angle)[:, None] * turned_left(a)


def divide(above: Floats, below: Floats, where: NDArray[np.bool_]) -> Floats:
    """above / below, and inf elsewhere."""
    out = np.full(np.shape(below), np.inf)
    with np.errstate(over="ignore"):
        return np.divide(above, below, out=out, where=where)


# --- input


def require(holds: NDArray[np.bool_], message: str) -> None:
    if not np.all(holds):
        raise ValueError(f"{message}.")


def as_vectors(**named: ArrayLike) -> list[Floats]:
    """Finite n x 2 arrays with one n."""
    arrays = [np.asarray(value, dtype=float) for value in named.values()]
    for name, array in zip(named, arrays, strict=True):
        if array.ndim != 2 or array.shape[1] != 2:
            raise ValueError(f"{name} must be an n x 2 array, not shape {array.shape}.")
        require(np.isfinite(array), f"{name} must be finite")
    if len({len(array) for array in arrays}) > 1:
        counts = ", ".join(f"{name} {len(a)}" for name, a in zip(named, arrays, strict=True))
        raise ValueError(f"All vectors must have the same number of rows: {counts}.")
    return arrays


def as_unit_vectors(**named: ArrayLike) -> list[Floats]:
    arrays = as_vectors(**named)
    for name, array in zip(named, arrays, strict=True):
        require(np.abs(length_of(array) - 1) <= UNIT_TOLERANCE, f"{name} must hold unit vectors")
    return arrays


def as_values(shape: tuple[int, ...], **named: ArrayLike) -> list[Floats]:
    """Finite numbers of the shape asked for, each given in full or as one."""
    arrays = [spread_to(name, np.asarray(v, dtype=float), shape) for name, v in named.items()]
    for name, array in zip(named, arrays, strict=True):
        require(np.isfinite(array), f"{name} must be finite")
    return arrays


def as_positive(shape: tuple[int, ...], **named: ArrayLike) -> list[Floats]:
    arrays = as_values(shape, **named)
    for name, array in zip(named, arrays, strict=True):
        require(array > 0, f"{name} must be above 0")
    return arrays


def spread_to(name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.shape not in ((), shape):
        raise ValueError(f"{name} must be one number or shape {shape}, not {array.shape}.")
    return np.broadcast_to(array, shape)


def broadcast_together(**named: ArrayLike) -> list[Floats]:
    """Numbers of one shape, each given in full or as one."""
    arrays = [np.asarray(value, dtype=float) for value in named.values()]
    shape = max((array.shape for array in arrays), key=len)
    return [spread_to(name, array, shape) for name, array in zip(named, arrays, strict=True)]


def as_times(**named: ArrayLike) -> list[Floats]:
    """Track times: at least two, finite and increasing."""
    arrays = [np.asarray(value, dtype=float) for value in named.values()]
    for name, array in zip(named, arrays, strict=True):
        if array.ndim != 1 or len(array) < 2:
            raise ValueError(f"{name} must hold at least 2 times, not shape {array.shape}.")
        require(np.isfinite(array), f"{name} must be finite")
        require(np.diff(array) > 0, f"{name} must increase")
    return arrays


def as_samples(count: int, **named: ArrayLike) -> list[Floats]:
    """Centres and headings of one track, a row for each of its times."""
    centers, headings = as_vectors(**named)
    names = list(named)
    if len(centers) != count:
        raise ValueError(f"{names[0]} must have a row for each time: {count}, not {len(centers)}.")
    as_unit_vectors(**{names[1]: headings})
    return [centers, headings]
