"""The plane on which road users are measured: the picture in pixels, or the ground in metres."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Where the lens cannot be told from the homography (a camera straight above), a horizontal field
# of view of 60 degrees: its mistake moves a car's roof, never the ground.
TYPICAL_FOCAL_SHARE = 0.87  # focal length as a share of the picture's width
NEAREST_M = 0.3  # what comes closer to the lens is taken to be this far
_HORIZON_SHARE = 1e-6


@dataclass(frozen=True)
class Plane:
    """Where positions are measured.

    Attributes:
        units: "px" on the picture, "m" on the ground.
        homography: 3 x 3, takes (u, v, 1) in pixels to ground (x, y, 1) in metres up to scale;
            None on the picture.
        picture: width and height in pixels, or None where it is not known.
        projection: 3 x 4, takes (x, y, height, 1) in metres to pixels; None where the lens is
            not known, and then only the ground under a road user can be used.
        approximate: the homography is a guess from the sizes of road users.
        draws: (k, 3, 3), equally likely alternatives to the homography; empty where its error is
            not known.
        metre: units in a metre: 1 on the ground; on a picture rectified by the sizes of road
            users, the pixels that a metre takes where they mostly are; None on a bare picture.
    """

    units: str = "px"
    homography: Floats | None = None
    picture: tuple[int, int] | None = None
    projection: Floats | None = None
    approximate: bool = False
    metre: float | None = None
    draws: Floats = field(default_factory=lambda: np.empty((0, 3, 3)))

    @classmethod
    def of_picture(cls, picture: tuple[int, int] | None = None) -> Plane:
        """The picture itself, in pixels."""
        return cls(picture=picture)

    @classmethod
    def of_ground(
        cls,
        homography: ArrayLike,
        picture: tuple[int, int] | None = None,
        focal_px: float | None = None,
        *,
        approximate: bool = False,
        draws: ArrayLike = (),
    ) -> Plane:
        """The ground, in metres.

        Args:
            homography: 3 x 3, image to ground.
            picture: width and height in pixels; with it the camera is found from the homography
                (square pixels, principal point in the middle), and with the camera the height
                of road users.
            focal_px: focal length in pixels where it is known.
            approximate: the homography is a guess.
            draws: (k, 3, 3), equally likely alternatives to the homography.

        Raises:
            ValueError: the matrix is not 3 x 3, not finite, or has no inverse.
        """
        matrix = np.asarray(homography, dtype=float)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
            raise ValueError("The homography must be a finite 3 x 3 matrix.")
        if abs(np.linalg.det(matrix / np.abs(matrix).max())) < 1e-15:
            raise ValueError("The homography has no inverse: its points lie on one line.")
        projection = None if picture is None else camera_matrix(matrix, picture, focal_px)
        others = np.asarray(draws, dtype=float).reshape(-1, 3, 3)
        return cls("m", matrix, picture, projection, approximate, 1.0, others)

    @property
    def unit(self) -> float:
        """Units that a metre on the ground takes; a bare picture is measured in units at once."""
        return 1.0 if self.homography is None else self.metre

    def to_ground(self, pixels: ArrayLike) -> Floats:
        """Pixels (n, 2) to positions (n, 2) in this plane; nan above the horizon."""
        pixels = np.asarray(pixels, dtype=float)
        if self.homography is None:
            return pixels.copy()
        homogeneous = np.column_stack([pixels, np.ones(len(pixels))]) @ self.homography.T
        reference = self.side(pixels)
        depth = homogeneous[:, 2] * reference
        below = depth > _HORIZON_SHARE * np.abs(self.homography[2]).max()
        return np.where(
            below[:, None],
            homogeneous[:, :2] / np.where(below, depth, 1)[:, None] * reference,
            np.nan,
        )

    def side(self, pixels: Floats) -> float:
        """Sign of the homogeneous coordinate on the camera's side of the horizon: that of the
        picture's lower edge, or of most of the pixels (n, 2) where the picture is not known."""
        if self.picture is None:
            return (
                float(np.sign(np.median(pixels @ self.homography[2, :2]) + self.homography[2, 2]))
                or 1.0
            )
        width, height = self.picture
        return float(np.sign(self.homography[2] @ [width / 2, height, 1.0])) or 1.0

    def distortions(self, count: int) -> Floats:
        """(count, 3, 3): homographies from the ground as measured to the ground as it may be.

        The k-th is that of the k-th draw, for every road user the same, so that an error of the
        calibration moves all of them together. Empty where the calibration's error is not known.
        """
        if self.homography is None or not len(self.draws):
            return np.empty((0, 3, 3))
        chosen = self.draws[np.arange(count) % len(self.draws)]
        back = np.linalg.inv(self.homography)
        # Homographies have no sign: here places in front of the camera stay in front of it.
        width, height = self.picture or (0, 0)
        lower = [width / 2, height, 1.0]
        signs = np.sign(chosen[:, 2] @ lower) * np.sign(self.homography[2] @ lower)
        return signs[:, None, None] * chosen @ back


def in_pixels(plane: Plane, tracks: pd.DataFrame) -> Plane:
    """An approximate plane with the pixel for its unit: a metre is what it takes, across the
    view, at the median foot point of the tracks (x1, x2, y2 in pixels)."""
    feet = np.column_stack([(tracks["x1"] + tracks["x2"]) / 2, tracks["y2"]]).astype(float)
    step = np.array([1.0, 0.0])
    moved = plane.to_ground(feet + step) - plane.to_ground(feet - step)
    metre = float(1 / np.nanmedian(np.hypot(*moved.T) / 2))
    return replace(plane, units="px", metre=metre)


def distorted(states: Floats, homographies: Floats) -> Floats:
    """Motion on a plane as it is on another one.

    Args:
        states: (k, n, 6) or (n, 6), position, velocity, acceleration.
        homographies: (k, 3, 3), a plane's places to the other one's.

    Returns:
        (k, n, 6), by the quotient rule twice; unchanged where a place has no image.
    """
    linear, offset = homographies[:, None, :2, :2], homographies[:, None, :2, 2]
    row, last = homographies[:, None, 2, :2], homographies[:, None, 2, 2]
    states = np.broadcast_to(states, (len(homographies), *states.shape[-2:]))
    place, velocity, acceleration = np.split(states, 3, axis=-1)

    def above(vectors: Floats) -> Floats:
        return np.einsum("knij,knj->kni", np.broadcast_to(linear, (*vectors.shape, 2)), vectors)

    def below(vectors: Floats) -> Floats:
        return (row * vectors).sum(axis=-1, keepdims=True)

    depth = below(place) + last[..., None]
    ahead = depth > _HORIZON_SHARE
    depth = np.where(ahead, depth, 1.0)
    moved = (above(place) + offset) / depth
    speed = (above(velocity) - moved * below(velocity)) / depth
    change = above(acceleration) - moved * below(acceleration) - 2 * speed * below(velocity)
    found = np.concatenate([moved, speed, change / depth], axis=-1)
    return np.where(ahead, found, states)


def camera_matrix(
    homography: Floats, picture: tuple[int, int], focal_px: float | None = None
) -> Floats:
    """The 3 x 4 camera behind a ground homography.

    The columns of the inverse homography are K r1, K r2 and K t; r1 and r2 are of one length and
    square to each other, which gives the focal length (Zhang 2000, section 2.3), and r1 x r2 is
    the vertical.

    Args:
        homography: 3 x 3, image to ground.
        picture: width and height in pixels.
        focal_px: focal length, or None to find it.

    Returns:
        3 x 4, takes (x, y, height, 1) to pixels up to a scale that is positive in front.
    """
    width, height = picture
    to_image = np.linalg.inv(homography)
    center = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    columns = center @ to_image
    columns /= np.linalg.norm(columns[:2, :2])
    if focal_px is None:
        focal_px = _focal_length(columns) or TYPICAL_FOCAL_SHARE * width
    rays = columns / np.array([focal_px, focal_px, 1.0])[:, None]
    rays /= (np.linalg.norm(rays[:, 0]) + np.linalg.norm(rays[:, 1])) / 2
    # Depth must be positive where the picture's lower middle meets the ground.
    foot = homography @ [width / 2, height, 1.0]
    if rays[2] @ (foot / foot[2]) < 0:
        rays = -rays
    vertical = np.cross(rays[:, 0], rays[:, 1])
    vertical /= np.linalg.norm(vertical)
    # The lens is above the ground: its height is -vertical . t.
    if vertical @ rays[:, 2] > 0:
        vertical = -vertical
    lens = np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1.0]])
    return lens @ np.column_stack([rays[:, 0], rays[:, 1], vertical, rays[:, 2]])


def _focal_length(columns: Floats) -> float | None:
    """Focal length from the centred columns of an inverse homography, None if undetermined."""
    a, b = columns[:, 0], columns[:, 1]
    # f^-2 (a0 b0 + a1 b1) + a2 b2 = 0 and f^-2 (|a|^2 - |b|^2 in the plane) + a2^2 - b2^2 = 0
    known = np.array([a[0] * b[0] + a[1] * b[1], (a[:2] @ a[:2] - b[:2] @ b[:2]) / 2])
    wanted = -np.array([a[2] * b[2], (a[2] ** 2 - b[2] ** 2) / 2])
    size = known @ known
    if size < 1e-8:
        return None
    inverse_square = (known @ wanted) / size
    return float(inverse_square**-0.5) if inverse_square > 1e-12 else None


def project_cuboids(
    projection: Floats, centers: Floats, headings: Floats, sizes: ArrayLike
) -> Floats:
    """Picture boxes of cuboids that stand on the ground.

    Args:
        projection: 3 x 4 camera.
        centers: n x 2, m.
        headings: n x 2 unit vectors.
        sizes: length, width, height in metres, (3,) or n x 3.

    Returns:
        n x 4 boxes x1, y1, x2, y2 in pixels, not cut at the picture's border.
    """
    length, width, height = np.moveaxis(np.asarray(sizes, dtype=float), -1, 0)
    left = np.stack([-headings[:, 1], headings[:, 0]], axis=1)
    ahead = headings * np.reshape(length, (-1, 1)) / 2
    aside = left * np.reshape(width, (-1, 1)) / 2
    ground = np.stack(
        [centers + a * ahead + b * aside for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))], axis=1
    )
    base = ground @ projection[:, :2].T + projection[:, 3]
    top = base + np.reshape(height, (-1, 1, 1)) * projection[:, 2]
    points = np.concatenate([base, top], axis=1)
    pixels = points[..., :2] / np.maximum(points[..., 2:], NEAREST_M)
    return np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
