"""An independent geometry: polygon edges that cross, corners that lie inside."""

import numpy as np


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
