"""The flat ground under the traffic: from a pixel to metres, and how sure that is.

Notation and formulas as in Hartley and Zisserman (2004), "Multiple View Geometry in Computer
Vision", 2nd edition: a homography H takes the image point (x, y, 1) to (u, v, w), which is the
ground point (u / w, v / w); the horizon is the line w = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroundPlane:
    """A homography between a picture and the ground.

    Attributes:
        image_to_ground: 3 x 3, pixels to metres. It is scaled by `__post_init__` so that w is
            positive for ground in front of the camera, and 1 at the place that decides this:
            the calibration points' mean, or the middle of the picture's lower edge.
        picture_size: width and height in pixels.
        image_points, ground_points: m x 2, what it was fitted to, in pixels and metres; empty
            where the matrix was given or came from the sizes of road users.
        draws: k x 3 x 3, equally likely alternatives to `image_to_ground`, for intervals of
            anything that is computed from it; empty where the calibration's error is unknown.
        approximate: True where the scale rests on assumed sizes of road users.
        relative_scale_error: standard deviation of distances as a share of themselves, only
            where approximate.
        basis: what it rests on, for the report.
        name, note: the user's own words.
    """

    image_to_ground: Floats
    picture_size: tuple[int, int]
    image_points: Floats = field(default_factory=lambda: np.empty((0, 2)))
    ground_points: Floats = field(default_factory=lambda: np.empty((0, 2)))
    draws: Floats = field(default_factory=lambda: np.empty((0, 3, 3)))
    approximate: bool = False
    relative_scale_error: float | None = None
    basis: str = "a given matrix"
    name: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "image_to_ground", self._facing(np.asarray(self.image_to_ground, float)))
        set_(self, "draws", np.array([self._facing(draw) for draw in self.draws]).reshape(-1, 3, 3))

    def _facing(self, matrix: Floats) -> Floats:
        return matrix / (matrix[2] @ [*self.reference, 1.0])

    @property
    def reference(self) -> Floats:
        """The pixel that is certainly ground in front of the camera, 2 values."""
        if len(self.image_points):
            return self.image_points.mean(axis=0)
        return np.array([self.picture_size[0] / 2, self.picture_size[1]], dtype=float)

    @property
    def ground_to_image(self) -> Floats:
        """3 x 3, metres to pixels."""
        return np.linalg.inv(self.image_to_ground)

    def to_ground(self, points: ArrayLike) -> Floats:
        """Pixels n x 2 to metres n x 2; NaN at and beyond the horizon."""
        return _ahead(self.image_to_ground, _points(points))

    def to_image(self, points: ArrayLike) -> Floats:
        """Metres n x 2 to pixels n x 2; NaN behind the camera. Not cut to the picture."""
        # Here the third coordinate is 1 / w: any positive value is ground in front of the camera.
        return _ahead(self.ground_to_image, _points(points), limit=0.0)

    def behind_horizon(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Which of n x 2 pixels are at or beyond the horizon, where there is no ground."""
        return ~(_homogeneous(_points(points)) @ self.image_to_ground[2] > _AT_HORIZON)

    def jacobian(self, points: ArrayLike) -> Floats:
        """How ground positions change with pixels.

        Args:
            points: n x 2 pixels.

        Returns:
            n x 2 x 2 metres a pixel, [i, j] = d ground_i / d pixel_j; NaN at and beyond the
            horizon. A ground velocity in m/s is this times a velocity in px/s.
        """
        points = _points(points)
        mapped = _homogeneous(points) @ self.image_to_ground.T
        w = np.where(mapped[:, 2] > _AT_HORIZON, mapped[:, 2], np.nan)
        ground = mapped[:, :2] / w[:, None]
        top, bottom = self.image_to_ground[:2, :2], self.image_to_ground[2, :2]
        # The quotient rule: d(u / w) = (du - (u / w) dw) / w.
        return (top[None] - ground[:, :, None] * bottom[None, None, :]) / w[:, None, None]

    def metres_per_pixel(self, points: ArrayLike) -> Floats:
        """Geometric mean over all directions of the metres that a pixel covers, at n x 2 pixels.

        On the far ground a pixel covers more along the view than across it; the direction that
        counts is in `jacobian`.
        """
        return np.sqrt(np.abs(np.linalg.det(self.jacobian(points))))

    def position_covariance(self, points: ArrayLike, pixel_sd: ArrayLike) -> Floats:
        """Covariance of ground positions from pixel jitter and the calibration's own error.

        First-order propagation (Hartley and Zisserman 2004, section 5.2) of the jitter, plus the
        spread of `draws`. The second part is common to neighbouring points: for a distance or a
        TTC rather compute it once a draw.

        Args:
            points: n x 2 pixels.
            pixel_sd: standard deviation of a pixel coordinate, one number or n.

        Returns:
            n x 2 x 2 square metres; infinite where a draw sees the point beyond its horizon.
        """
        points = _points(points)
        jacobian = self.jacobian(points)
        variance = np.broadcast_to(np.asarray(pixel_sd, float) ** 2, len(points))
        jitter = variance[:, None, None] * (jacobian @ jacobian.transpose(0, 2, 1))
        if not len(self.draws):
            return jitter
        places = np.stack([_ahead(draw, points) for draw in self.draws])
        off = places - self.to_ground(points)
        own = np.einsum("kni,knj->nij", off, off) / len(self.draws)
        lost = np.isnan(places).any(axis=(0, 2)) & ~self.behind_horizon(points)
        own[lost] = np.inf
        return jitter + own

    def position_sd(self, points: ArrayLike, pixel_sd: ArrayLike) -> Floats:
        """Standard deviation of n ground positions in metres, in the direction where it is
        largest, from pixel jitter and the calibration's own error (`position_covariance`).

        Args:
            points: n x 2 pixels.
            pixel_sd: standard deviation of a pixel coordinate, one number or n.
        """
        (a, b), (_, d) = np.moveaxis(self.position_covariance(points, pixel_sd), 0, -1)
        with np.errstate(invalid="ignore"):
            largest = (a + d) / 2 + np.hypot((a - d) / 2, b)
        return np.sqrt(np.where(np.isinf(a), np.inf, largest))

    def reprojection_px(self) -> Floats:
        """m distances in pixels between the calibration points and where their metres land."""
        return np.linalg.norm(self.to_image(self.ground_points) - self.image_points, axis=1)

    def reprojection_m(self) -> Floats:
        """m distances in metres between the given ground points and where their pixels land."""
        return np.linalg.norm(self.to_ground(self.image_points) - self.ground_points, axis=1)

    def figures(self) -> dict[str, Any]:
        """What to keep in the record: JSON-able, errors in pixels and metres."""
        size, found = len(self.image_points), {}
        if size:
            pixels, metres = self.reprojection_px(), self.reprojection_m()
            found = {
                "reprojection_px": {"rms": _rms(pixels), "max": round(float(pixels.max()), 3)},
                "reprojection_m": {"rms": _rms(metres), "max": round(float(metres.max()), 4)},
                "spare_points": size - 4,
            }
        return {
            "name": self.name,
            "note": self.note,
            "basis": self.basis,
            "approximate": self.approximate,
            "relative_scale_error": self.relative_scale_error,
            "points": size,
            "image_to_ground": self.image_to_ground.tolist(),
            **found,
        }

    def describe(self) -> str:
        """What the plane rests on and how well it fits, for the report."""
        if self.approximate:
            error = 100 * (self.relative_scale_error or float("nan"))
            return f"approximate, from {self.basis}; distances +-{error:.0f} % (1 sd)"
        figures = self.figures()
        if not figures["points"]:
            return f"{self.basis}; its own error is not known"
        pixels, metres = figures["reprojection_px"], figures["reprojection_m"]
        text = (
            f"{figures['points']} points, reprojection error {pixels['rms']:.1f} px, "
            f"{metres['rms']:.2f} m (largest {pixels['max']:.1f} px, {metres['max']:.2f} m)"
        )
        if not figures["spare_points"]:
            text += "; four points always fit, so this does not show whether they are right"
        return text


# Share of w at the reference point below which a pixel counts as on the horizon: ground that is
# a million times as far away.
_AT_HORIZON = 1e-6


def _points(points: ArrayLike) -> Floats:
    return np.asarray(points, dtype=float).reshape(-1, 2)


def _homogeneous(points: Floats) -> Floats:
    return np.column_stack([points, np.ones(len(points))])


def _ahead(matrix: Floats, points: Floats, limit: float = _AT_HORIZON) -> Floats:
    mapped = _homogeneous(points) @ matrix.T
    w = np.where(mapped[:, 2] > limit, mapped[:, 2], np.nan)
    return mapped[:, :2] / w[:, None]


def _rms(values: Floats) -> float:
    return round(float(np.sqrt(np.mean(values**2))), 4)
