"""Paths in the bare picture, where not even the sizes of road users tell the ground.

A footprint is then the lower part of the box, upright in the picture. Perspective is not taken
out, so two that drive away one behind the other seem to come together: what is found this way is
a hint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.ground.sizes import TYPICAL_SIZES
from tasks.nearmiss.interactions.footprints import Fit
from tasks.nearmiss.interactions.road_users import MOTION
from tasks.nearmiss.interactions.smoother import smooth

Floats = NDArray[np.float64]
DEPTH_SHARE = 0.4  # height of a footprint in the picture, as a share of its width


def picture_length(class_name: str) -> float:
    """Metres that the width of a box stands for: between a road user's length and width."""
    length, width, _ = TYPICAL_SIZES[class_name]
    return float(np.sqrt(length * width))


def fit_in_picture(times: Floats, boxes: Floats, class_name: str) -> Fit:
    """Smooth the footprint of a box track in pixels.

    Args:
        times: (n,), s, increasing.
        boxes: (n, 4) pixels, nan where not seen; at least one is.
        class_name: one of CLASSES.
    """
    seen = np.isfinite(boxes).all(axis=1)
    sides = np.median(boxes[seen, 2:] - boxes[seen, :2], axis=0)
    width = float(sides[0])
    depth = float(min(sides[1], DEPTH_SHARE * width))
    places = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3] - depth / 2])
    scale = width / picture_length(class_name)
    jitter = _jitter(places[seen])
    information = np.where(seen[:, None, None], np.eye(2) / jitter**2, 0.0)
    vector = np.where(seen[:, None], np.nan_to_num(places), 0.0) / jitter**2
    motion = MOTION[class_name]
    path = smooth(
        times,
        information,
        vector,
        motion.jerk * scale,
        motion.speed * scale,
        motion.acceleration * scale,
    )
    return Fit(
        path=path,
        headings=np.tile([1.0, 0.0], (len(times), 1)),
        sizes=np.array([width, depth, sides[1]]),
        size_covariance=np.diag((jitter / np.maximum([width, depth, sides[1]], jitter)) ** 2),
        size_seen=np.ones(3),
        by_size=np.zeros((len(times), 6, 3)),
        jitter_px=jitter,
        memory=0.0,
        weights=np.repeat(seen[:, None], 4, axis=1).astype(float),
    )


def _jitter(places: Floats) -> float:
    """Standard deviation of a place from third differences, at least half a pixel, times 2 for
    the memory that jitter has."""
    if len(places) < 5:
        return 2.0
    third = np.diff(places, n=3, axis=0) / np.sqrt(20.0)
    return max(0.5, 2 * 1.4826 * float(np.median(np.abs(third))))
