"""Post-encroachment time over the whole area that two paths share.

`measures.pet` gives the time between the two at the place where it is shortest. Over the area as
a whole the first has to leave it before the second comes in (Allen, Shin and Cooper 1978), which
on oblique paths is sooner: the area is long, and its far end is reached late. The area is found on
a raster.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

Floats = NDArray[np.float64]
CELL_M = 0.15
MOST_CELLS = 40_000
CELLS_AT_ONCE = 4_000_000  # cell-moments in memory


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
    cells = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    swept = [_swept(cells, *each) for each in zip(centers, headings, sizes, strict=True)]
    shared = (swept[0] & swept[1]).reshape(len(x), len(y))
    parts, count = label(shared, structure=np.ones((3, 3)))
    if not count:
        return None
    inside = np.flatnonzero(parts)
    nearest = inside[np.argmin(np.hypot(*(cells[inside] - point).T))]
    area = cells[parts.ravel() == parts.ravel()[nearest]]
    stays = []
    # A cell stands for its square: half a cell on each side.
    sizes = tuple((length + cell, width + cell) for length, width in sizes)
    for time, center, heading, size in zip(times, centers, headings, sizes, strict=True):
        there = time[_covers(area, center, heading, size).any(axis=0)]
        stays.append((float(there[0]), float(there[-1])))
    leave, enter = stays[first - 1][1], stays[2 - first][0]
    return (leave, enter) if enter > leave else None


def _swept(
    cells: Floats, center: Floats, heading: Floats, size: tuple[float, float]
) -> NDArray[np.bool_]:
    """Which cells (c, 2) a path ever covers, (c,)."""
    chunk = max(1, CELLS_AT_ONCE // len(cells))
    result = np.zeros(len(cells), dtype=bool)
    for k in range(0, len(center), chunk):
        result |= _covers(cells, center[k : k + chunk], heading[k : k + chunk], size).any(axis=1)
    return result


def _covers(
    cells: Floats, center: Floats, heading: Floats, size: tuple[float, float]
) -> NDArray[np.bool_]:
    """Which cells (c, 2) a footprint covers at its m moments, (c, m)."""
    along = cells @ heading.T - (center * heading).sum(axis=1)
    left = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    across = cells @ left.T - (center * left).sum(axis=1)
    return (np.abs(along) <= size[0] / 2) & (np.abs(across) <= size[1] / 2)
