"""Corners of what stands still, followed from one picture to another.

Corners (Shi and Tomasi 1994, "Good features to track") outside the road users' boxes are followed
by pyramidal Lucas-Kanade (Bouguet 2000), forwards and backwards; a similarity (shift, turn, zoom)
is fitted to them by RANSAC, since not all that moves is in a box.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORKING_WIDTH = 480
MAX_POINTS = 120
MIN_POINTS = 12
# Share of the followed corners that must agree on one similarity.
MIN_AGREEING = 0.4
RANSAC_PX = 1.0
BACK_PX = 0.7


@dataclass
class KeyPicture:
    """A picture that later ones are followed from.

    Attributes:
        picture: working size, grey and evened out.
        points: n x 2, working pixels.
        to_reference: 3 x 3, working pixels.
    """

    picture: NDArray[np.uint8]
    points: Floats
    to_reference: Floats


def prepare(image: NDArray[np.uint8], boxes: Floats) -> tuple[NDArray[np.uint8], ...]:
    """The working picture, evened out, and where its corners may lie (255).

    Args:
        image: height x width x 3, BGR uint8.
        boxes: n x 4 road users in source pixels.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    size = (image.shape[1], image.shape[0])
    if working_size(size) != size:
        grey = cv2.resize(grey, working_size(size), interpolation=cv2.INTER_AREA)
    # Automatic exposure brightens or darkens the whole picture: only local differences count.
    level = cv2.blur(grey, (31, 31))
    contrast = cv2.blur(cv2.absdiff(grey, level), (31, 31))
    even = cv2.addWeighted(grey, 1, level, -1, 128, dtype=cv2.CV_32F) - 128
    even = np.clip(even / (contrast + 4.0) * 32 + 128, 0, 255).astype(np.uint8)
    mask = np.full(grey.shape, 255, np.uint8)
    for x1, y1, x2, y2 in np.nan_to_num(boxes * (grey.shape[1] / size[0])).round().astype(int):
        mask[max(y1 - 3, 0) : max(y2 + 4, 0), max(x1 - 3, 0) : max(x2 + 4, 0)] = 0
    return even, mask


def corners(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Floats:
    """n x 2 corners, at most MAX_POINTS, where the mask is not 0."""
    points = cv2.goodFeaturesToTrack(picture, MAX_POINTS, 0.01, 10, mask=mask)
    return np.empty((0, 2)) if points is None else points.reshape(-1, 2).astype(float)


def match(
    key: KeyPicture, picture: NDArray[np.uint8], mask: NDArray[np.uint8], guess: Floats
) -> tuple[Floats | None, int, int]:
    """3 x 3 from the picture to the key picture, or None; corners that agree; corners followed."""
    start = key.points.astype(np.float32).reshape(-1, 1, 2)
    expected = cv2.perspectiveTransform(start, guess).astype(np.float32)
    ends, good = _flow(key.picture, picture, start, expected)
    height, width = mask.shape
    column, row = np.nan_to_num(ends, nan=-1, posinf=-1, neginf=-1).round().astype(int).T
    good &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
    good &= mask[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)] > 0
    followed = int(good.sum())
    if followed < MIN_POINTS:
        return None, 0, followed
    # RANSAC draws from OpenCV's generator; a fixed start makes runs repeat.
    cv2.setRNGSeed(0)
    matrix, agree = cv2.estimateAffinePartial2D(
        ends[good], start.reshape(-1, 2)[good], method=cv2.RANSAC, ransacReprojThreshold=RANSAC_PX
    )
    inliers = 0 if matrix is None else int(agree.sum())
    if inliers < max(MIN_POINTS, MIN_AGREEING * followed):
        return None, inliers, followed
    return np.vstack([matrix, [0, 0, 1]]), inliers, followed


def _flow(
    before: NDArray[np.uint8], after: NDArray[np.uint8], start: Floats, expected: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """n x 2 ends of n x 1 x 2 starts, and which of them lead back to their start."""
    options = {"winSize": (15, 15), "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
    ends, seen, _ = cv2.calcOpticalFlowPyrLK(before, after, start, expected, maxLevel=3, **options)
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        after, before, ends, start.copy(), maxLevel=1, **options
    )
    good = (seen.ravel() == 1) & (again.ravel() == 1)
    good &= np.linalg.norm((back - start).reshape(-1, 2), axis=1) < BACK_PX
    return ends.reshape(-1, 2), good


def median_flow(
    before: NDArray[np.uint8], mask: NDArray[np.uint8], after: NDArray[np.uint8]
) -> float:
    """Median length of the corners' movement in working pixels, whatever its form; or NaN."""
    points = corners(before, mask)
    if len(points) < MIN_POINTS:
        return float("nan")
    start = points.astype(np.float32).reshape(-1, 1, 2)
    ends, good = _flow(before, after, start, start.copy())
    lengths = np.linalg.norm(ends - points, axis=1)[good]
    return float(np.median(lengths)) if len(lengths) >= MIN_POINTS else float("nan")


def working_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the picture that is worked on, for a source of such a size."""
    scale = min(1.0, WORKING_WIDTH / size[0])
    return round(size[0] * scale), max(1, round(size[1] * scale))


def to_working(size: tuple[int, int]) -> Floats:
    """3 x 3 from source to working pixels; pixel centres lie at whole numbers in both."""
    across, down = np.divide(working_size(size), size)
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
