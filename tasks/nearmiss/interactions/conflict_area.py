"""Post-encroachment time over the whole area that two paths share.

`measures.pet` gives the time between the two at the place where it is shortest. Over the area as
a whole the first has to leave it before the second comes in (Allen, Shin and Cooper 1978), which
on oblique paths is sooner: the area is long, and its far end is reached late. The area is found on
a raster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
CELL_M = 0.15
MOST_CELLS = 40_000
CELLS_AT_ONCE = 250_000  # cell-moments in memory


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
    grid = _Grid(x, y, cell)
    swept = [_swept(grid, *each) for each in zip(centers, headings, sizes, strict=True)]
    parts, count = label(swept[0] & swept[1], structure=np.ones((3, 3)))
    if not count:
        return None
    inside = np.argwhere(parts)
    away = np.hypot(x[inside[:, 0]] - point[0], y[inside[:, 1]] - point[1])
    area = parts == parts[tuple(inside[np.argmin(away)])]
    stays = []
    # A cell stands for its square: half a cell on each side.
    sizes = tuple((length + cell, width + cell) for length, width in sizes)
    for time, center, heading, size in zip(times, centers, headings, sizes, strict=True):
        there = time[_moments_on(area, grid, center, heading, size)]
        stays.append((float(there[0]), float(there[-1])))
    leave, enter = stays[first - 1][1], stays[2 - first][0]
    return (leave, enter) if enter > leave else None


class _Grid(NamedTuple):
    """Middles of square cells: x (a,) and y (b,), both `cell` apart."""

    x: Floats
    y: Floats
    cell: float


def _swept(
    grid: _Grid, center: Floats, heading: Floats, size: tuple[float, float]
) -> NDArray[np.bool_]:
    """Which cells a path ever covers, (a, b)."""
    result = np.zeros((len(grid.x), len(grid.y)), dtype=bool)
    for _, column, row in _covered(grid, center, heading, size):
        result[column, row] = True
    return result


def _moments_on(
    area: NDArray[np.bool_],
    grid: _Grid,
    center: Floats,
    heading: Floats,
    size: tuple[float, float],
) -> NDArray[np.bool_]:
    """At which of its m moments a footprint covers any cell of the area (a, b)."""
    result = np.zeros(len(center), dtype=bool)
    for moment, column, row in _covered(grid, center, heading, size):
        result[moment[area[column, row]]] = True
    return result


def _covered(
    grid: _Grid, center: Floats, heading: Floats, size: tuple[float, float]
) -> Iterator[tuple[Indices, Indices, Indices]]:
    """Moment, column and row of each cell that a footprint covers at its m moments, in parts.

    Only the cells in a square round the footprint are looked at: the rest of the grid is most.
    """
    window = np.arange(int(np.ceil(np.hypot(*size) / grid.cell)) + 2)
    corner = center - np.hypot(*size) / 2
    first_x = np.searchsorted(grid.x, corner[:, 0] - grid.cell)
    first_y = np.searchsorted(grid.y, corner[:, 1] - grid.cell)
    chunk = max(1, CELLS_AT_ONCE // len(window) ** 2)
    for k in range(0, len(center), chunk):
        each = slice(k, k + chunk)
        column, row = first_x[each, None] + window, first_y[each, None] + window
        within = (column < len(grid.x))[:, :, None] & (row < len(grid.y))[:, None, :]
        aside = grid.x[np.minimum(column, len(grid.x) - 1)] - center[each, :1]
        ahead = grid.y[np.minimum(row, len(grid.y) - 1)] - center[each, 1:]
        cosine, sine = heading[each, :1], heading[each, 1:]
        along = (aside * cosine)[:, :, None] + (ahead * sine)[:, None, :]
        across = (ahead * cosine)[:, None, :] - (aside * sine)[:, :, None]
        covers = within & (np.abs(along) <= size[0] / 2) & (np.abs(across) <= size[1] / 2)
        moment, i, j = np.nonzero(covers)
        yield moment + k, column[moment, i], row[moment, j]
