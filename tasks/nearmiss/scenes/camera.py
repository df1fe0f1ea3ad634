"""A pinhole camera above flat ground: projection, ground homography, visibility, covering."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from tasks.nearmiss.scenes.language import Camera, Occluder

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEAR_PLANE = 0.5  # m; a box that comes closer to the lens than this is not projected
VISIBLE_SHARE = 0.5  # of a box's area inside the picture
VISIBLE_HEIGHT = 8.0  # px


class Pinhole:
    """The camera of a scene; pixels run right and down from the picture's top left corner."""

    def __init__(self, camera: Camera) -> None:
        self.width, self.height = camera.picture
        focal = camera.focal_px
        if focal is None:
            focal = self.width / 2 / math.tan(math.radians(camera.fov_deg or 0.0) / 2)
        self.centre = np.array([*camera.position, camera.height])
        tilt, pan = math.radians(camera.tilt), math.radians(camera.pan)
        forward = np.array(
            [math.sin(pan) * math.cos(tilt), math.cos(pan) * math.cos(tilt), -math.sin(tilt)]
        )
        right = np.array([math.cos(pan), -math.sin(pan), 0.0])
        down = np.cross(forward, right)
        lens = np.array([[focal, 0, self.width / 2], [0, focal, self.height / 2], [0, 0, 1.0]])
        rotation = np.stack([right, down, forward])
        self.matrix = lens @ np.column_stack([rotation, -rotation @ self.centre])

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels (..., 2) and depths (...) in metres of points (..., 3) in metres.

        Pixels of points at or behind the camera (depth <= 0) mean nothing.
        """
        homogeneous = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = homogeneous[..., 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        return homogeneous[..., :2] / safe[..., None], depth

    def ground_homography(self) -> Array:
        """The 3x3 matrix that takes (u, v, 1) pixels to ground (x, y, 1) m up to scale."""
        homography = np.linalg.inv(self.matrix[:, [0, 1, 3]])
        return homography / homography[2, 2]

    def image_boxes(self, corners: Array) -> tuple[Array, Mask]:
        """Boxes x1, y1, x2, y2 (N, 4) px around corners (N, 8, 3) m, and which are in front."""
        pixels, depth = self.project(corners)
        boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
        return boxes, depth.min(axis=1) > NEAR_PLANE

    def clip(self, boxes: Array) -> Array:
        """Boxes (N, 4) cut to the picture."""
        limits = np.array([self.width, self.height, self.width, self.height], dtype=float)
        return np.clip(boxes, 0.0, limits)

    def inside_share(self, boxes: Array) -> Array:
        """The share of each box's area that lies inside the picture, (N,)."""
        return _area(self.clip(boxes)) / np.maximum(_area(boxes), 1e-9)

    def visible(self, corners: Array) -> Mask:
        """Which boxes of corners (N, 8, 3) are visible, (N,), whatever may cover them.

        Visible: wholly in front of the camera, at least half inside the picture, and at least
        VISIBLE_HEIGHT px high.
        """
        boxes, in_front = self.image_boxes(corners)
        clipped = self.clip(boxes)
        high = clipped[:, 3] - clipped[:, 1] >= VISIBLE_HEIGHT
        return in_front & high & (self.inside_share(boxes) >= VISIBLE_SHARE)

    def silhouettes(self, corners: Array) -> NDArray[np.object_]:
        """The outlines in the picture (shapely, N) of corners (N, 8, 3); empty if not in front."""
        pixels, depth = self.project(corners)
        in_front = depth.min(axis=1) > NEAR_PLANE
        hulls = np.full(len(corners), shapely.Polygon(), dtype=object)
        if in_front.any():
            points = shapely.multipoints(shapely.points(pixels[in_front]))
            hulls[in_front] = shapely.convex_hull(points)
        return hulls

    def may_hide(self, cover: Array, hidden: Array) -> Mask:
        """Where a box `cover` (N, 8, 3) m can stand before `hidden` (N, 8, 3) m, (N,).

        A vertical plane along a side of one that parts the two leaves one of them on the
        camera's side; the other cannot hide that one.  Boxes that overlap go by their centres.
        """
        one, two = cover[:, :4, :2], hidden[:, :4, :2]
        parted_by_hidden, lens_beyond_hidden = self._parted(two, one)
        parted_by_cover, lens_beyond_cover = self._parted(one, two)
        cannot = (parted_by_hidden & ~lens_beyond_hidden).any(axis=1)
        cannot |= (parted_by_cover & lens_beyond_cover).any(axis=1)
        overlapping = ~(parted_by_hidden | parted_by_cover).any(axis=1)
        away = [np.linalg.norm(each.mean(axis=1) - self.centre[:2], axis=1) for each in (one, two)]
        return np.where(overlapping, away[0] < away[1], ~cannot)

    def _parted(self, rectangle: Array, other: Array) -> tuple[Mask, Mask]:
        """For each side of rectangles (N, 4, 2): is all of `other` outside, is the lens, (N, 4)."""
        side = np.roll(rectangle, -1, axis=1) - rectangle
        outward = np.stack([side[..., 1], -side[..., 0]], axis=-1)
        reach = (outward * rectangle).sum(axis=2)
        others = np.einsum("nsk,nck->nsc", outward, other)
        return (others >= reach[..., None]).all(axis=2), outward @ self.centre[:2] > reach


def box_corners(
    position: Array,
    heading: Array,
    size: tuple[float, float],
    heights: tuple[float, float],
) -> Array:
    """The corners (N, 8, 3) m of boxes centred at position (N, 2) with heading (N,) rad.

    `size` is length and width, `heights` the bottom and top above ground, all in metres.
    """
    rectangle = rectangle_corners(position, heading, size)
    levels = [
        np.concatenate([rectangle, np.full((*rectangle.shape[:2], 1), level)], axis=2)
        for level in heights
    ]
    return np.concatenate(levels, axis=1)


def rectangle_corners(position: Array, heading: Array, size: tuple[float, float]) -> Array:
    """The corners (N, 4, 2) m, in order, of rectangles of length and width `size` (m)."""
    length, width = size
    local = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (length / 2, width / 2)
    cosine, sine = np.cos(heading), np.sin(heading)
    rotation = np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], axis=1)
    return position[:, None, :] + np.einsum("nij,kj->nki", rotation, local)


def occluder_corners(occluder: Occluder, count: int) -> Array:
    """The corners (count, 8, 3) m of a static box, the same at every moment."""
    corners = box_corners(
        np.array([occluder.position]),
        np.array([math.radians(occluder.heading)]),
        (occluder.length, occluder.width),
        (0.0, occluder.height),
    )
    return np.repeat(corners, count, axis=0)


def uncovered(
    outlines: NDArray[np.object_], covers: list[tuple[NDArray[np.object_], Mask]]
) -> NDArray[np.object_]:
    """What is left (shapely, N) of outlines (N) behind `covers`.

    Each of `covers` is a pair of outlines (N) and whether they stand before this one (N,).
    """
    left = outlines.copy()
    for cover, before in covers:
        hit = before & shapely.intersects(left, cover)
        if hit.any():
            left[hit] = shapely.difference(left[hit], cover[hit])
    return left


def covered_share(whole: NDArray[np.object_], left: NDArray[np.object_]) -> Array:
    """The share (N,) of the outlines `whole` (N) that `left` (N) no longer has."""
    area = shapely.area(whole)
    return np.where(area > 0, 1 - shapely.area(left) / np.maximum(area, 1e-9), 0.0)


def _area(boxes: Array) -> Array:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
