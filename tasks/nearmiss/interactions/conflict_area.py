"""Post-encroachment time over the whole area that two paths share.

`measures.pet` gives the time between the two at the place where it is shortest. Over the area as
a whole the first has to leave it before the second comes in (Allen, Shin and Cooper 1978), which
on oblique paths is sooner: the area is long, and its far end is reached late. The area is found on
a raster.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from tasks.nearmiss.geometry import time_within

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
CELL_M = 0.15
MOST_CELLS = 40_000
ROWS_AT_ONCE = 30_000  # row-moments in memory


def area_passing(
    times: tuple[Floats, Floats],
    centers: tuple[Floats, Floats],
    headings: tuple[Floats, Floats],
    sizes: tuple[tuple[float, float], tuple[float, float]],
    point: Floats,
    first: int,
    metre: float = 1.0,
) -> tuple[float, float] | None:
    """When the first leaves the conflict area and when the second enters it.

    Args:
        times: (m1,) and (m2,), s, around the passing, densely sampled.
        centers: (m1, 2) and (m2, 2).
        headings: the same shapes, unit vectors.
        sizes: length and width of either.
        point: (2,), a place where the two pass each other.
        first: 1 or 2, which of them is there first.
        metre: units in a metre.

    Returns:
        Leave and enter time, None where both are in the area at once or it has no extent.
    """
    lows, highs = [], []
    for center, size in zip(centers, sizes, strict=True):
        reach = np.hypot(*size) / 2
        lows.append(center.min(axis=0) - reach)
        highs.append(center.max(axis=0) + reach)
    low, high = np.maximum(*lows), np.minimum(*highs)
    if (low >= high).any():
        return None
    cell = max(CELL_M * metre, float(np.sqrt(np.prod(high - low) / MOST_CELLS)))
    x, y = (np.arange(low[k] + cell / 2, high[k], cell) for k in (0, 1))
    if not len(x) or not len(y):
        return None
    paths = list(zip(centers, headings, sizes, strict=True))
    parts, count = label(np.logical_and(*(_swept(x, y, *path) for path in paths)), np.ones((3, 3)))
    if not count:
        return None
    inside = np.argwhere(parts)
    away = np.hypot(x[inside[:, 0]] - point[0], y[inside[:, 1]] - point[1])
    area = parts == parts[tuple(inside[np.argmin(away)])]
    stays = []
    # A cell stands for its square: half a cell on each side.
    sizes = tuple((length + cell, width + cell) for length, width in sizes)
    for time, center, heading, size in zip(times, centers, headings, sizes, strict=True):
        there = time[_moments_on(area, x, y, center, heading, size)]
        stays.append((float(there[0]), float(there[-1])))
    leave, enter = stays[first - 1][1], stays[2 - first][0]
    return (leave, enter) if enter > leave else None


def _swept(
    x: Floats, y: Floats, center: Floats, heading: Floats, size: tuple[float, float]
) -> NDArray[np.bool_]:
    """Which cells with middles x (a,) and y (b,) a path ever covers, (a, b)."""
    begins, ends = np.zeros((2, len(y), len(x) + 1), dtype=int)
    for first, stop in _covered(x, y, center, heading, size):
        row = np.arange(len(y)) * (len(x) + 1)
        begins += np.bincount((row + first).ravel(), minlength=begins.size).reshape(begins.shape)
        ends += np.bincount((row + stop).ravel(), minlength=ends.size).reshape(ends.shape)
    return (np.cumsum(begins - ends, axis=1)[:, :-1] > 0).T


def _moments_on(
    area: NDArray[np.bool_],
    x: Floats,
    y: Floats,
    center: Floats,
    heading: Floats,
    size: tuple[float, float],
) -> NDArray[np.bool_]:
    """At which of its m moments a footprint covers any cell of the area (a, b)."""
    before = np.zeros((len(y), len(x) + 1), dtype=int)  # cells of the area before each column
    np.cumsum(area.T, axis=1, out=before[:, 1:])
    row = np.arange(len(y))
    return np.concatenate(
        [
            (before[row, stop] > before[row, first]).any(axis=1)
            for first, stop in _covered(x, y, center, heading, size)
        ]
    )


def _covered(
    x: Floats, y: Floats, center: Floats, heading: Floats, size: tuple[float, float]
) -> Iterator[tuple[Indices, Indices]]:
    """The stretch of cells in each row that a footprint covers, for some moments at a time.

    A rectangle covers one stretch of each row, which its edges bound: no cell is looked at.

    Yields:
        First column and one past the last, (moments, b) each; the same where it covers none.
    """
    chunk = max(1, ROWS_AT_ONCE // len(y))
    for k in range(0, len(center), chunk):
        middle, ahead = center[k : k + chunk], heading[k : k + chunk, :, None]
        aside = y - middle[:, 1:]
        low, high = time_within(ahead[:, 1] * aside, ahead[:, 0], size[0] / 2)
        low2, high2 = time_within(ahead[:, 0] * aside, -ahead[:, 1], size[1] / 2)
        first = np.searchsorted(x, middle[:, :1] + np.maximum(low, low2))
        stop = np.searchsorted(x, middle[:, :1] + np.minimum(high, high2), side="right")
        yield first, np.maximum(first, stop)
