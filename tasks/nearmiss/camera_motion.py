"""Whether the camera stands still: corner points outside the road users, followed over time."""

from typing import Any

import cv2
import numpy as np

INTERVAL_SEC = 0.5
WORKING_WIDTH = 320
MIN_POINTS = 12
# A mounted camera that sways in the wind stays well below this share of the width a second.
MOVING_SHARE_PER_SEC = 0.02


class CameraMotion:
    """Follows the background of a video about twice a second.

    Corners (Shi and Tomasi 1994) outside the boxes are followed by Lucas-Kanade; their median
    shift over the time between is the camera's speed.
    """

    def __init__(self) -> None:
        self._last_time = -np.inf
        self._last_picture: np.ndarray | None = None
        self._last_mask: np.ndarray | None = None
        self._speeds: list[float] = []

    def add(self, time: float, image: np.ndarray, boxes: np.ndarray) -> None:
        """Take a frame.

        Args:
            time: seconds.
            image: height x width x 3, BGR uint8.
            boxes: n x 4 road users, whose own movement does not count.
        """
        if time - self._last_time < INTERVAL_SEC:
            return
        picture, mask = _prepare(image, boxes)
        if self._last_picture is not None:
            shift = _background_shift(self._last_picture, picture, self._last_mask)
            if shift is not None:
                self._speeds.append(shift / WORKING_WIDTH / (time - self._last_time))
        self._last_time, self._last_picture, self._last_mask = time, picture, mask

    def figures(self) -> dict[str, Any]:
        """`shift_share_per_sec`: median background speed as a share of the width a second, over
        n measurements; `moving`: whether that is more than a mounted camera does; None where
        too few points could be followed."""
        if not self._speeds:
            return {"n": 0, "shift_share_per_sec": None, "moving": None}
        speed = float(np.median(self._speeds))
        return {
            "n": len(self._speeds),
            "shift_share_per_sec": round(speed, 5),
            "moving": speed > MOVING_SHARE_PER_SEC,
        }


def _prepare(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = WORKING_WIDTH / image.shape[1]
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.full(small.shape[:2], 255, np.uint8)
    for x1, y1, x2, y2 in (boxes * scale).round().astype(int):
        mask[max(y1, 0) : y2 + 1, max(x1, 0) : x2 + 1] = 0
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), mask


def _background_shift(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float | None:
    """Median length of the background's shift in working pixels; None with too few points."""
    points = cv2.goodFeaturesToTrack(before, 200, 0.01, 5, mask=mask)
    if points is None or len(points) < MIN_POINTS:
        return None
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None)
    found = found.ravel() == 1
    if found.sum() < MIN_POINTS:
        return None
    shifts = (moved - points).reshape(-1, 2)[found]
    return float(np.median(np.linalg.norm(shifts, axis=1)))
