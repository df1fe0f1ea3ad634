"""How the camera moved, measured on what stands still, and boxes taken back to one picture.

The background is followed (`background_flow`) straight from the reference picture
where that works, so that errors do not add up, else from the latest key picture, whose own place
is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.camera.background_flow import (
    MIN_POINTS,
    KeyPicture,
    corners,
    match,
    median_flow,
    prepare,
    to_working,
)

Floats = NDArray[np.float64]

INTERVAL_SEC = 0.5
# Where fewer of the key picture's corners than this can still be followed, it is renewed.
MIN_FOLLOWED = 0.5

STATIC, DRIFTING, MOVING, UNKNOWN = "static", "drifting", "moving", "unknown"
# Shift of the picture's corners (root mean square over the four), as shares of its width.
STATIC_SHIFT = 0.003  # 2 of 768 pixels: below the jitter of a detector's boxes
DRIFT_SHIFT = 0.05  # 38 of 768 pixels: as far as a mast sways or a mount slips
# A mounted camera that sways in the wind stays well below this share of the width a second.
DRIFT_SPEED = 0.02
MAX_LOST = 0.34  # share of the times at which nothing fits

TRANSFORM = ["m00", "m01", "m02", "m10", "m11", "m12"]
COLUMNS = ["timestamp_sec", *TRANSFORM, "inliers", "points", "way", "flow_px_per_sec"]


class CameraDrift:
    """Measures the camera about twice a second; keeps three small pictures and a row a time."""

    def __init__(self, interval_sec: float = INTERVAL_SEC) -> None:
        self._interval = interval_sec
        self._last_time = -np.inf
        self._size: tuple[int, int] | None = None
        self._reference: KeyPicture | None = None
        self._key: KeyPicture | None = None
        self._previous: tuple[float, NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._guess = np.eye(3)
        self._rows: list[tuple[Any, ...]] = []

    def is_due(self, time: float) -> bool:
        """Whether a frame of this time would be looked at."""
        return time - self._last_time >= self._interval - 1e-6

    def add(self, time: float, image: NDArray[np.uint8], boxes: Floats) -> None:
        """Take a frame; one that comes sooner than the interval costs nothing.

        Args:
            time: seconds, growing.
            image: height x width x 3, BGR uint8, always of one size.
            boxes: n x 4 road users in pixels, whose own movement does not count.
        """
        if not self.is_due(time):
            return
        self._last_time = time
        self._size = (image.shape[1], image.shape[0])
        picture, mask = prepare(image, np.asarray(boxes, dtype=float).reshape(-1, 4))
        if self._reference is None:
            points = corners(picture, mask)
            if len(points) >= MIN_POINTS:
                self._reference = self._key = KeyPicture(picture, points, np.eye(3))
                self._note(time, np.eye(3), len(points), len(points), "reference")
            else:
                self._note(time, None, 0, len(points), "bare")
        else:
            self._follow(time, picture, mask)
        self._previous = (time, picture, mask)

    def _follow(self, time: float, picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
        ways = [("reference", self._reference)]
        if self._key is not self._reference:
            ways.append(("key", self._key))
        most = 0
        for way, key in ways:
            guess = np.linalg.inv(self._guess) @ key.to_reference
            found, inliers, followed = match(key, picture, mask, guess)
            most = max(most, followed)
            if found is None:
                continue
            self._guess = key.to_reference @ found
            self._note(time, self._guess, inliers, followed, way)
            if inliers < MIN_FOLLOWED * len(key.points):
                self._renew(picture, mask)
            return
        before, *pictures = self._previous
        flow = median_flow(*pictures, picture) / (time - before)
        self._note(time, None, 0, most, "lost", flow * self._size[0] / picture.shape[1])

    def _renew(self, picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
        """Make the latest picture the one that is followed where the reference is out of reach."""
        points = corners(picture, mask)
        if len(points) >= MIN_POINTS:
            self._key = KeyPicture(picture, points, self._guess)

    def _note(
        self, time: float, place: Floats | None, inliers: int, points: int, way: str,
        flow: float = float("nan"),
    ) -> None:  # fmt: skip
        values = np.full(6, np.nan)
        if place is not None:
            shrink = to_working(self._size)
            values = (np.linalg.inv(shrink) @ place @ shrink)[:2].ravel()
        self._rows.append((time, *values.tolist(), inliers, points, way, flow))

    def transforms(self) -> pd.DataFrame:
        """Where each measured picture lies in the reference picture.

        Returns:
            One row a time: timestamp_sec; m00 to m12, the 2 x 3 matrix by rows that takes source
            pixels at that time to source pixels of the reference (NaN where nothing fitted);
            inliers, points: corners that agree and that were followed; way: "reference" or "key",
            which picture it was followed from, "lost", or "bare" where there are too few corners;
            flow_px_per_sec: where lost, how fast the picture's corners went since the time before.
        """
        return pd.DataFrame(self._rows, columns=COLUMNS)

    def figures(self) -> dict[str, Any]:
        """`camera_figures` of what was seen so far."""
        return camera_figures(self.transforms(), self._size or (1, 1))


def camera_figures(transforms: pd.DataFrame, picture_size: tuple[int, int]) -> dict[str, Any]:
    """What kind of camera it is, with the evidence.

    static: no shift from the reference above STATIC_SHIFT. drifting: at most DRIFT_SHIFT and in
    the median no faster than DRIFT_SPEED; worth compensating. moving: more than that, or a picture
    that cannot be found again in more than MAX_LOST of the times; out of scope. unknown: fewer
    than two measurements, or too few corners.

    Args:
        transforms: of `CameraDrift.transforms`.
        picture_size: width and height in pixels.

    Returns:
        kind; moving (None where unknown); n times with a transform; lost, bare; largest_shift_px,
        last_shift_px, from the reference; shift_share_per_sec, the median speed as a share of the
        width a second; inliers, their median; thresholds.
    """
    shifts, speeds = shifts_px(transforms, picture_size)
    found = transforms["way"].isin(["reference", "key"]).to_numpy()
    lost, bare = int((transforms["way"] == "lost").sum()), int((transforms["way"] == "bare").sum())
    width = picture_size[0]
    # A single wrong measurement must not turn a camera into a moving one.
    steady = pd.Series(shifts[found]).rolling(3, center=True, min_periods=2).median()
    largest = float(steady.max()) if found.sum() > 1 else 0.0
    speeds = np.append(speeds, transforms["flow_px_per_sec"].dropna())
    speed = float(np.median(speeds)) / width if len(speeds) else None
    if lost > MAX_LOST * max(lost + int(found.sum()), 1) and lost > 1:
        kind = MOVING
    elif found.sum() < 2 or speed is None:
        kind = UNKNOWN
    elif largest > DRIFT_SHIFT * width or speed > DRIFT_SPEED:
        kind = MOVING
    else:
        kind = DRIFTING if largest > STATIC_SHIFT * width else STATIC
    return {
        "kind": kind,
        "moving": None if kind == UNKNOWN else kind == MOVING,
        "n": int(found.sum()),
        "lost": lost,
        "bare": bare,
        "largest_shift_px": round(largest, 2) if found.sum() > 1 else None,
        "last_shift_px": round(float(shifts[found][-1]), 2) if found.any() else None,
        "shift_share_per_sec": None if speed is None else round(speed, 5),
        "inliers": float(np.median(transforms["inliers"][found])) if found.any() else None,
        "thresholds": {
            "static_shift_px": round(STATIC_SHIFT * width, 2),
            "drift_shift_px": round(DRIFT_SHIFT * width, 2),
            "drift_share_per_sec": DRIFT_SPEED,
        },
    }


def shifts_px(transforms: pd.DataFrame, picture_size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Shift of the picture's corners from the reference, and its speed.

    Returns:
        n root mean squares in pixels (NaN where nothing fitted), and the speeds in pixels a second
        between neighbouring times that both fitted.
    """
    width, height = picture_size
    ends = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1.0]])
    matrices = transforms[TRANSFORM].to_numpy(float).reshape(-1, 2, 3)
    places = np.einsum("nij,kj->nki", matrices, ends)
    shifts = np.sqrt(((places - ends[:, :2]) ** 2).sum(axis=2).mean(axis=1))
    steps = np.sqrt((np.diff(places, axis=0) ** 2).sum(axis=2).mean(axis=1))
    speeds = steps / np.diff(transforms["timestamp_sec"].to_numpy(float))
    return shifts, speeds[np.isfinite(speeds)]


def compensate(tracks: pd.DataFrame, transforms: pd.DataFrame) -> pd.DataFrame:
    """Take boxes into the reference picture.

    The foot point, the middle of the lower edge, is taken there exactly, and the box keeps its
    upright form, zoomed; a turn by a degree moves the centre of a box of 100 px by less than one.

    Args:
        tracks: timestamp_sec, x1, y1, x2, y2, and center_x, center_y if there.
        transforms: of `CameraDrift.transforms`; between times they are interpolated, before the
            first and after the last one held.

    Returns:
        A copy of the tracks; unchanged where no transform is known.
    """
    moved = tracks.copy()
    known = transforms[transforms["m00"].notna()]
    if known.empty or tracks.empty:
        return moved
    times, now = known["timestamp_sec"].to_numpy(float), tracks["timestamp_sec"].to_numpy(float)
    m00, m01, m02, m10, m11, m12 = (np.interp(now, times, known[name]) for name in TRANSFORM)
    x1, y1, x2, y2 = (tracks[name].to_numpy(float) for name in ("x1", "y1", "x2", "y2"))
    x, y, zoom = (x1 + x2) / 2, y2, np.hypot(m00, m10)
    foot_x, foot_y = m00 * x + m01 * y + m02, m10 * x + m11 * y + m12
    half, tall = zoom * (x2 - x1) / 2, zoom * (y2 - y1)
    values = {"x1": foot_x - half, "y1": foot_y - tall, "x2": foot_x + half, "y2": foot_y}
    values |= {"center_x": foot_x, "center_y": foot_y - tall / 2}
    for name, value in values.items():
        if name in tracks:
            moved[name] = value.astype(tracks[name].dtype)
    return moved
