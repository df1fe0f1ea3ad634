"""The camera that explains the sizes of the boxes: a pinhole above flat ground, without roll.

Four numbers: the camera's pitch, its height over the ground, its focal length, and
the usual walking speed (a nuisance that stands in for the clock). A box is predicted as the
outline of a solid of the class' size, standing on the ground at the box's foot point.

For a stick and a level camera this is the classical relation, box height = (foot row - horizon
row) * object height / camera height (Hoiem, Efros and Hebert 2008, "Putting Objects in
Perspective", IJCV 80). A tilted camera sees roofs as well, which is why cars need the solid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from tasks.nearmiss.ground.sizes import SIZE_SPREAD, TYPICAL_SIZES

Floats = NDArray[np.float64]

# Where nothing in the video tells the focal length: as long as the picture is wide times this,
# which is 58 degrees across; a factor of 1.42 either way is one standard deviation (43 to 76).
FOCAL_SHARE, FOCAL_LOG_SD = 0.9, 0.35
# Error of a box side that is not the person's own size, as a share of the height.
BOX_SD, VEHICLE_BOX_SD, NO_HEADING_SD = 0.06, 0.12, 0.20
WALKING_LOG_SD = 0.35
MIN_PITCH, MAX_PITCH = np.deg2rad(-5.0), np.deg2rad(89.0)
_FARTHEST_STEP = 8.0  # m, by which a solid is moved at once to where its box stands

# Corners as (along, across, up) shares of length, width and height. A car is a body of full
# length and 0.6 of the height under a cabin of half the length.
_BLOCK = np.array([[a, b, c] for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (0, 1)])
_CAR = np.concatenate([_BLOCK * [1, 1, 0.6], _BLOCK * [0.5, 0.85, 1] - [0.08, 0, 0]])
# Arms and steps widen a person's box, but its height is that of a body a third as deep.
_BODY = _BLOCK * [1 / 3, 1 / 3, 1]
_SOLIDS = {"person": _BODY, "car": _CAR}  # all others are blocks


@dataclass(frozen=True)
class Prior:
    """What is believed of a camera before any box is seen: mean and standard deviation of its
    pitch (rad), log height (m) and log focal length (picture widths)."""

    pitch: tuple[float, float]
    log_height: tuple[float, float]
    log_focal: tuple[float, float]

    def residuals(self, values: Floats) -> Floats:
        """In standard deviations; values as in `camera_from`."""
        means, spreads = np.transpose([self.pitch, self.log_height, self.log_focal])
        return (values[:3] - means) / spreads


@dataclass(frozen=True)
class Samples:
    """Sights of road users of one class; n rows, pixels and seconds.

    Attributes:
        name: a key of TYPICAL_SIZES.
        foot: n x 2, the middle of the box's lower edge.
        height, width: n, of the box.
        before, after: n x 2, the foot point earlier and later, jitter averaged out; NaN if unseen.
        span: n, seconds from before to after.
        track: n, which track, 0 to m - 1.
    """

    name: str
    foot: Floats
    height: Floats
    width: Floats
    before: Floats
    after: Floats
    span: Floats
    track: NDArray[np.int64]


@dataclass(frozen=True)
class Camera:
    """A pinhole without roll, looking `pitch` radians below the horizontal from `height` metres."""

    focal: float
    pitch: float
    height: float
    centre: tuple[float, float]

    def image_to_ground(self) -> Floats:
        """3 x 3: pixels to metres, x to the right and y ahead of the point below the camera."""
        sin, cos, (cx, cy) = np.sin(self.pitch), np.cos(self.pitch), self.centre
        from_pixels = np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, self.focal]])
        right_ahead_down = np.array([[1, 0, 0], [0, -sin, cos], [0, cos, sin]])
        return np.diag([self.height, self.height, 1]) @ right_ahead_down @ from_pixels

    def ground(self, points: Floats) -> Floats:
        """n x 2 pixels to metres; a point at or above the horizon is taken far away."""
        mapped = np.column_stack([points, np.ones(len(points))]) @ self.image_to_ground().T
        return mapped[:, :2] / np.maximum(mapped[:, 2], 1e-3 * self.focal)[:, None]

    def image(self, places: Floats) -> Floats:
        """... x 3 metres (right, ahead, up) to ... x 2 pixels."""
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        down = self.height - places[..., 2]
        depth = np.maximum(places[..., 1] * cos + down * sin, 0.1)
        x = places[..., 0] / depth
        y = (down * cos - places[..., 1] * sin) / depth
        return self.focal * np.stack([x, y], axis=-1) + self.centre


def horizon_row(camera: Camera) -> float:
    """Row of the horizon in pixels, which may lie above the picture."""
    return camera.centre[1] - camera.focal * float(np.tan(camera.pitch))


def camera_from(values: Floats, picture_size: tuple[int, int]) -> Camera:
    """The camera of the fit's values: pitch, log height, log focal length (in picture widths),
    log walking speed."""
    width, height = picture_size
    focal = width * float(np.exp(values[2]))
    pitch = np.clip(values[0], MIN_PITCH, MAX_PITCH)
    return Camera(focal, float(pitch), float(np.exp(values[1])), (width / 2, height / 2))


def outline(
    camera: Camera, name: str, foot: Floats, heading: Floats, scale: float
) -> tuple[Floats, Floats]:
    """Width and height in pixels, n each, of the boxes of solids that stand at n foot points.

    Args:
        camera: sees them.
        name: class of all of them.
        foot: n x 2 pixels, the middle of the lower edge of the box.
        heading: n x 2 unit vectors on the ground.
        scale: how many times the usual size.
    """
    solid = _SOLIDS.get(name, _BLOCK) * scale * np.array(TYPICAL_SIZES[name])
    across = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    around = solid[:, 0, None] * heading[:, None] + solid[:, 1, None] * across[:, None]
    up = np.broadcast_to(solid[:, 2], around.shape[:2])
    near = camera.ground(foot)
    view = near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-9)
    # The foot point is the edge nearest to the camera, so the middle lies half a depth behind it;
    # where a solid is seen from above that is not quite so, hence the second look.
    middle = near + view * np.abs((around * view[:, None]).sum(axis=2)).max(axis=1, keepdims=True)
    for look in range(2):
        corners = camera.image(np.dstack([middle[:, None] + around, up]))
        low, high = corners.min(axis=1), corners.max(axis=1)
        if look == 0:
            stands = camera.ground(np.column_stack([(low[:, 0] + high[:, 0]) / 2, high[:, 1]]))
            middle = middle + np.clip(near - stands, -_FARTHEST_STEP, _FARTHEST_STEP)
    return tuple(np.maximum(high - low, 1e-3).T)


def fit_camera(
    samples: list[Samples],
    start: Floats,
    picture_size: tuple[int, int],
    prior: Prior,
    scales: dict[str, float],
    weights: list[Floats],
    max_steps: int = 30,
) -> tuple[Floats, float]:
    """Most likely values of the camera, by least squares with a soft-L1 loss.

    Args:
        samples: of several classes.
        start: 4 values, see `camera_from`.
        picture_size: width and height in pixels.
        prior: what is believed of the camera.
        scales: true size of a class over its usual one.
        weights: for each of samples, a weight a sight.
        max_steps: of the minimiser.

    Returns:
        4 values, see `camera_from`, and their cost, for comparing starts.
    """

    def residuals(values: Floats) -> Floats:
        camera = camera_from(values, picture_size)
        parts = [
            _residuals(camera, part, values[3], scales[part.name], weight)
            for part, weight in zip(samples, weights, strict=True)
        ]
        # Counted several times over so that the loss does not soften it.
        return np.concatenate([*parts, np.repeat(prior.residuals(values) / 10, 100)])

    low = [MIN_PITCH, np.log(0.8), np.log(0.25), -12]
    high = [MAX_PITCH, np.log(150), np.log(6), 12]
    fit = least_squares(
        residuals,
        np.clip(start, np.add(low, 1e-6), np.subtract(high, 1e-6)),
        bounds=(low, high),
        loss="soft_l1",
        x_scale=np.full(4, 0.3),
        max_nfev=max_steps,
        ftol=1e-4,
    )
    return fit.x, float(fit.cost)


def _residuals(
    camera: Camera, part: Samples, log_speed: float, scale: float, weight: Floats
) -> Floats:
    moved = camera.ground(part.after) - camera.ground(part.before)
    length = np.linalg.norm(moved, axis=1)
    share = np.sqrt(weight)
    if part.name == "person":
        upright = np.tile([0.0, 1.0], (len(moved), 1))
        _, tall = outline(camera, part.name, part.foot, upright, scale)
        sizes = share * _own_size_removed(np.log(part.height / tall), part)
        with np.errstate(divide="ignore", invalid="ignore"):
            pace = (np.log(length / part.span) - log_speed) / WALKING_LOG_SD
        # Whoever stands tells nothing about the two directions.
        walks = np.isfinite(pace) & (pace > -2)
        return np.concatenate([sizes, np.where(walks, share * pace, 2 * share)])
    known = length > 0.5 * TYPICAL_SIZES[part.name][0] * scale
    errors = np.zeros((2, len(known)))
    heading = moved[known] / length[known, None]
    wide, tall = outline(camera, part.name, part.foot[known], heading, scale)
    errors[:, known] = np.log([part.width[known] / wide, part.height[known] / tall])
    errors[:, known] /= np.hypot(VEHICLE_BOX_SD, SIZE_SPREAD[part.name][2])
    errors[1, ~known] = _without_heading(camera, part, ~known, scale) / NO_HEADING_SD
    return np.tile(share, 2) * errors.ravel()


def _without_heading(
    camera: Camera, part: Samples, chosen: NDArray[np.bool_], scale: float
) -> Floats:
    """Log errors of the heights of vehicles that did not move: how far one is turned across the
    view is read from its box's width over height, and so the width tells no size any more."""
    foot, width, height = part.foot[chosen], part.width[chosen], part.height[chosen]
    near = camera.ground(foot)
    view = near / np.linalg.norm(near, axis=1, keepdims=True)
    across = np.stack([-view[:, 1], view[:, 0]], axis=1)
    front = np.log(outline(camera, part.name, foot, view, scale))
    side = np.log(outline(camera, part.name, foot, across, scale))
    turned = np.log(width / height) - (front[0] - front[1])
    turned = np.clip(turned / ((side[0] - side[1]) - (front[0] - front[1])), 0, 1)
    return np.log(height) - (1 - turned) * front[1] - turned * side[1]


def _own_size_removed(errors: Floats, part: Samples) -> Floats:
    """Errors n of log heights, in standard deviations, with what a track's person shares taken
    out: the random-intercept transform of generalised least squares."""
    counts = np.bincount(part.track)
    means = np.bincount(part.track, errors) / np.maximum(counts, 1)
    kept = BOX_SD / np.sqrt(BOX_SD**2 + counts * SIZE_SPREAD[part.name][2] ** 2)
    return (errors - ((1 - kept) * means)[part.track]) / BOX_SD
