"""From picture boxes to the footprint on the ground: where a road user stands, and how big it is.

The bottom edge of a box is the near side of a road user, not its middle, and its left and right
edges belong to whichever corners stick out. So a cuboid of the class's size, headed the way it
moves, is fitted to the boxes: its place at each moment and one size for the whole track. Edges
that the picture's border or another road user cuts off do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from tasks.nearmiss.ground.sizes import SIZE_SPREAD, TYPICAL_SIZES
from tasks.nearmiss.interactions.plane import Plane, project_cuboids
from tasks.nearmiss.interactions.road_users import MOTION, Motion
from tasks.nearmiss.interactions.smoother import Smoothed, smooth

Floats = NDArray[np.float64]

BORDER_PX = 2.0  # an edge this near to the picture's border is taken to be cut by it
STEADY_SPEED = 0.7  # m/s; below it a velocity does not tell the heading
STEADY_PATH = 1.5  # m; a track that goes less far never told its heading
LEAST_JITTER_PX = 0.4
MOST_JITTER_PX = 12.0
STREET_REACH = 8.0  # m, over which the way that others drive tells how a vehicle stands
STREET_SPREAD = 0.1  # rad
ACROSS_SHARE = 0.3  # parked across a street against along it
CHORD_SHARE = 0.5  # of the length, over which a heading is taken
# Robust standard deviations at which an edge loses its weight (Tukey's biweight), step by step.
_SCALES = (np.inf, 12.0, 8.0, 6.0, 4.5, 4.5)
_STEPS = len(_SCALES)
_LEAST_WEIGHT = 1e-3  # so that no moment is left without any place
_DIFFERENCE = 0.02  # m, for derivatives
_NOISES = 8  # made series that tell how much noise a path takes up
_LEAST_SHARE = 0.25  # of the noise left; less tells nothing of the whole any more


@dataclass(frozen=True)
class Streets:
    """Which way vehicles drive where: places (k, 2), m, and angles (k,), rad."""

    places: Floats
    angles: Floats

    def nearest(self, place: Floats) -> Floats:
        """The angle driven nearest to a place, and square to it, (2,) rad."""
        angle = self.angles[np.argmin(np.hypot(*(self.places - place).T))]
        return np.array([angle, angle + np.pi / 2])

    def cost(self, place: Floats, angles: Floats) -> Floats:
        """-2 log of how likely a standing vehicle is headed at `angles` (n,)."""
        away = np.hypot(*(self.places - place).T)
        weight = np.exp(-away / STREET_REACH)
        weight /= weight.sum()
        off = angles[:, None] - self.angles
        along = np.exp(-0.5 * (np.sin(off) / STREET_SPREAD) ** 2)
        across = np.exp(-0.5 * (np.cos(off) / STREET_SPREAD) ** 2)
        return -2 * np.log(0.02 + (along + ACROSS_SHARE * across) @ weight)


@dataclass(frozen=True)
class Fit:
    """A track on the ground.

    Attributes:
        path: smoothed path at the track's n times.
        headings: n x 2 unit vectors.
        sizes: length, width, height, m.
        size_covariance: 3 x 3, of the errors of their logarithms.
        size_seen: (3,), share of each logarithm that the boxes tell; the rest is the typical size.
        by_size: n x 6 x 3, how the path changes with these logarithms: the near side stays where
            it was seen, so a longer road user has its middle further back.
        jitter_px: standard deviation of a box edge.
        memory: correlation of an edge's error between two boxes in a row.
        weights: n x 4, 1 for an edge that fits, 0 for one that is cut off or an outlier.
        moved: whether the heading is that of movement.
    """

    path: Smoothed
    headings: Floats
    sizes: Floats
    size_covariance: Floats
    size_seen: Floats
    by_size: Floats
    jitter_px: float
    memory: float
    weights: Floats
    moved: bool = False

    @classmethod
    def before(cls, model: _Model, headings: Floats, jitter_px: float) -> Fit:
        """What is believed before the first step; there is no path yet."""
        return cls(
            path=None,  # type: ignore[arg-type]
            headings=headings,
            sizes=model.typical,
            size_covariance=np.diag(model.spread**2),
            size_seen=np.zeros(3),
            by_size=np.zeros((len(headings), 6, 3)),
            jitter_px=jitter_px,
            memory=0.0,
            weights=model.usable,
        )


def fit_track(
    plane: Plane,
    times: Floats,
    boxes: Floats,
    class_name: str,
    streets: Streets | None = None,
    jitter_px: float = 2.0,
) -> Fit:
    """Fit one track's path and size to its boxes.

    Args:
        plane: the ground, with or without a camera.
        times: (n,), s, increasing.
        boxes: (n, 4) pixels, nan where the road user was not seen; at least one is.
        class_name: one of CLASSES.
        streets: which way vehicles drive, for one that stands.
        jitter_px: standard deviation of a box edge to begin with.
    """
    model = _Model.of(plane, boxes, class_name)
    seen = np.isfinite(boxes).all(axis=1)
    motion = MOTION[class_name]
    centers = _first_places(plane, times, boxes, seen)
    chord = max(2.0, CHORD_SHARE * model.typical[0])
    headings, moves = chord_headings(centers, _slopes(times, centers), times, chord)
    if not moves:
        heading, place = _standing_fit(model, np.median(centers, axis=0), streets)
        headings = np.tile(heading, (len(times), 1))
        centers = centers + place - np.median(centers, axis=0)
    fit = Fit.before(model, headings, jitter_px)
    for step in range(_STEPS):
        fit, centers = _improved(model, times, centers, fit, motion, _SCALES[step])
        headings, moves = chord_headings(centers, fit.path.mean[:, 2:4], times, chord)
        if moves:
            fit = replace(fit, headings=headings)
    return replace(fit, moved=moves)


@dataclass(frozen=True)
class _Model:
    """What does not change while one track is fitted."""

    projection: Floats
    boxes: Floats
    usable: Floats
    typical: Floats
    spread: Floats

    @classmethod
    def of(cls, plane: Plane, boxes: Floats, class_name: str) -> _Model:
        typical = np.array(TYPICAL_SIZES[class_name])
        usable = np.isfinite(boxes).astype(float)
        projection = plane.projection
        if projection is None:
            # Without the lens heights mean nothing: the three lower edges, and a flat footprint.
            to_image = np.linalg.inv(plane.homography)
            feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
            to_image *= plane.side(feet[np.isfinite(feet).all(axis=1)])  # depth above 0
            projection = np.column_stack([to_image[:, :2], np.zeros(3), to_image[:, 2]])
            usable[:, 1] = 0.0
        if plane.picture is not None:
            width, height = plane.picture
            with np.errstate(invalid="ignore"):
                usable[:, :2] *= boxes[:, :2] > BORDER_PX
                usable[:, 2:] *= boxes[:, 2:] < np.array([width, height]) - BORDER_PX
        return cls(projection, boxes, usable, typical, np.array(SIZE_SPREAD[class_name]))

    def predict(self, centers: Floats, headings: Floats, sizes: Floats) -> Floats:
        return project_cuboids(self.projection, centers, headings, sizes)


def _first_places(plane: Plane, times: Floats, boxes: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Foot points on the ground, filled in where the road user was not seen."""
    feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    places = np.full((len(times), 2), np.nan)
    places[seen] = plane.to_ground(feet[seen])
    good = np.isfinite(places).all(axis=1)
    if not good.any():
        raise ValueError("No box of the track stands on the ground that the camera sees.")
    return np.column_stack([np.interp(times, times[good], places[good, k]) for k in (0, 1)])


def _improved(
    model: _Model, times: Floats, centers: Floats, fit: Fit, motion: Motion, outlier: float
) -> tuple[Fit, Floats]:
    """One Gauss-Newton step: weights, size, path, jitter."""
    predicted = model.predict(centers, fit.headings, fit.sizes)
    residual = np.where(model.usable > 0, model.boxes - predicted, 0.0)
    by_place = np.stack(
        [
            (model.predict(centers + step, fit.headings, fit.sizes) - predicted) / _DIFFERENCE
            for step in _DIFFERENCE * np.eye(2)
        ],
        axis=2,
    )
    by_size = np.stack(
        [
            (model.predict(centers, fit.headings, fit.sizes * np.exp(step)) - predicted)
            / _DIFFERENCE
            for step in _DIFFERENCE * np.eye(3)
        ],
        axis=2,
    )  # of the logarithm
    # A box seen wrong by a tenth of its side is no outlier yet while the size is still a guess.
    inlier = np.clip(1 - (residual / (fit.jitter_px * outlier)) ** 2, 0.0, None) ** 2
    weights = model.usable * np.maximum(inlier, _LEAST_WEIGHT)
    step_sec = np.median(np.diff(times)) if len(times) > 1 else 1.0
    inflation = min((1 + fit.memory) / (1 - fit.memory), max(1.0, 0.5 / step_sec))
    variance = fit.jitter_px**2 * inflation
    precision = weights / variance

    log_size, size_covariance = _size_step(model, fit, residual, by_place, by_size, precision)
    sizes = fit.sizes * np.exp(log_size)
    residual = residual - by_size @ log_size
    weighted = by_place * precision[:, :, None]
    information = np.einsum("nei,nej->nij", weighted, by_place)
    vector = np.einsum("nei,ne->ni", weighted, residual) + np.einsum(
        "nij,nj->ni", information, centers
    )
    path = smooth(times, information, vector, motion.jerk, motion.speed, motion.acceleration)
    moved = path.mean[:, :2]
    left = residual - np.einsum("nei,ni->ne", by_place, moved - centers)
    jitter, memory = _noise(left, model.usable, fit, _noise_left(path, by_place, weighted, fit))
    return replace(
        fit,
        path=path,
        sizes=sizes,
        size_covariance=size_covariance,
        size_seen=np.clip(1 - np.diag(size_covariance) / model.spread**2, 0.0, 1.0),
        by_size=path.response(-np.einsum("nei,nej->nij", weighted, by_size)),
        jitter_px=jitter,
        memory=memory,
        weights=model.usable * inlier,
    ), moved


def _size_step(
    model: _Model, fit: Fit, residual: Floats, by_place: Floats, by_size: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    """Change of the logarithm of the size, (3,), and the covariance of its error, 3 x 3.

    The place is free at each moment (Schur complement), so only what no place explains counts.
    """
    place = np.einsum("nei,ne,nej->nij", by_place, precision, by_place)
    cross = np.einsum("nei,ne,nej->nij", by_place, precision, by_size)
    size = np.einsum("nei,ne,nej->ij", by_size, precision, by_size)
    place_right = np.einsum("nei,ne,ne->ni", by_place, precision, residual)
    size_right = np.einsum("nei,ne,ne->i", by_size, precision, residual)
    solved = np.linalg.solve(place + 1e-6 * np.eye(2), np.dstack([cross, place_right]))
    size = size - np.einsum("nij,nik->jk", cross, solved[:, :, :3])
    size_right = size_right - np.einsum("nij,ni->j", cross, solved[:, :, 3])
    prior = np.diag(model.spread**-2)
    off = np.log(model.typical / fit.sizes)
    covariance = np.linalg.inv(size + prior)
    change = covariance @ (size_right + prior @ off)
    return np.clip(change, -0.3, 0.3), covariance


def _noise(
    residual: Floats, usable: Floats, fit: Fit, left: tuple[float, float]
) -> tuple[float, float]:
    """Standard deviation of an edge by the median absolute residual, and its memory.

    Both are those of the boxes, not of the residuals: the path follows the slow part of the
    noise, so what it leaves is smaller and forgets sooner. `left` says by how much.
    """
    good = usable > 0
    if good.sum() < 12:
        return fit.jitter_px, fit.memory
    share, memory_left = left
    spread = 1.4826 * float(np.median(np.abs(residual[good])))
    both = good[1:] & good[:-1]
    small = np.clip(residual / max(spread, 1e-9), -3, 3)
    products = (small[1:] * small[:-1])[both]
    memory = float(products.mean() / (small[good] ** 2).mean()) if len(products) > 12 else 0.0
    return (
        float(np.clip(spread / np.sqrt(share), LEAST_JITTER_PX, MOST_JITTER_PX)),
        float(np.clip(memory + fit.memory - memory_left, 0.0, 0.9)),
    )


def _noise_left(
    path: Smoothed, by_place: Floats, weighted: Floats, fit: Fit
) -> tuple[float, float]:
    """What the smoothing leaves of edge noise with the memory believed so far: the share of its
    variance, and its memory. By sending such noise through it (the same on every run)."""
    white = np.random.default_rng(0).standard_normal((len(by_place), 4, _NOISES))
    white[1:] *= np.sqrt(1 - fit.memory**2)
    noise = lfilter([1.0], [1.0, -fit.memory], white, axis=0)
    seen = (weighted != 0).any(axis=2)[..., None]
    moved = path.response(np.einsum("nei,nek->nik", weighted, noise))[:, :2]
    left = (noise - np.einsum("nei,nik->nek", by_place, moved)) * seen
    share = (left**2).sum() / max(((noise * seen) ** 2).sum(), 1e-9)
    memory = (left[1:] * left[:-1]).sum() / max((left[1:] ** 2).sum(), 1e-9)
    return float(np.clip(share, _LEAST_SHARE, 1.0)), float(memory)


def _slopes(times: Floats, centers: Floats) -> Floats:
    if len(times) < 2:
        return np.zeros_like(centers)
    window = max(1, round(0.5 / np.median(np.diff(times))))
    later = np.minimum(np.arange(len(times)) + window, len(times) - 1)
    earlier = np.maximum(np.arange(len(times)) - window, 0)
    return (centers[later] - centers[earlier]) / (times[later] - times[earlier])[:, None]


def chord_headings(
    centers: Floats, velocities: Floats, times: Floats, chord: float
) -> tuple[Floats, bool]:
    """Headings (n, 2) by the chords of the path; False where the track never goes far enough.

    A direction taken over some metres of the way, not over some time, stays what it was while a
    road user slows down and stands, where velocities are jitter.
    """
    speed = np.hypot(*velocities.T)
    steps = np.diff(times, prepend=times[0]) * np.where(speed > STEADY_SPEED / 2, speed, 0.0)
    along = np.cumsum(steps)
    reach = np.hypot(*np.ptp(centers, axis=0))
    if along[-1] < STEADY_PATH or reach < STEADY_PATH:
        return np.tile([1.0, 0.0], (len(times), 1)), False
    at, rows = np.unique(along, return_index=True)
    half = min(chord, along[-1]) / 2
    middle = np.clip(along, half, along[-1] - half)
    ends = [
        np.column_stack([np.interp(middle + side, at, centers[rows, k]) for k in (0, 1)])
        for side in (-half, half)
    ]
    between = ends[1] - ends[0]
    far = np.hypot(*between.T) > half
    if not far.any():
        return np.tile([1.0, 0.0], (len(times), 1)), False
    return hold_headings(between, far), True


def hold_headings(velocities: Floats, sure: NDArray[np.bool_]) -> Floats:
    """Directions of velocities (n, 2); where not sure, that of the last sure moment before, or
    the first after."""
    rows = np.arange(len(velocities))
    last = np.maximum.accumulate(np.where(sure, rows, -1))
    source = np.where(last >= 0, last, np.flatnonzero(sure)[0])
    chosen = velocities[source]
    return chosen / np.hypot(*chosen.T)[:, None]


def _standing_fit(model: _Model, place: Floats, streets: Streets | None) -> tuple[Floats, Floats]:
    """Heading (2,) and place (2,) of a road user that never moves: the cuboid that fits best.

    One box seldom tells the heading of a cuboid of unknown size; that vehicles stand along or
    across the way that others drive there, does.
    """
    middle = np.nanmedian(model.boxes, axis=0)
    usable = np.median(model.usable[np.isfinite(model.boxes[:, 0])], axis=0)
    tolerance = np.hypot(2.0, 0.02 * np.ptp(middle.reshape(2, 2), axis=0))
    precision = usable / np.tile(tolerance, 2) ** 2
    angles = np.radians(np.arange(0, 180, 5.0))
    if streets is not None and len(streets.angles):
        angles = np.concatenate([angles, streets.nearest(place)])
    tried = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    unknowns = np.concatenate([np.tile(place, (len(tried), 1)), np.zeros((len(tried), 3))], axis=1)
    prior = np.diag(np.concatenate([[1e-4, 1e-4], model.spread**-2]))
    for _ in range(10):
        residual, slopes = _standing_residual(model, unknowns, tried, middle)
        weighted = slopes * precision[:, None]
        normal = np.einsum("nei,nej->nij", weighted, slopes) + prior
        right = np.einsum("nei,ne->ni", weighted, residual)
        right[:, 2:] -= unknowns[:, 2:] * model.spread**-2
        step = np.linalg.solve(normal, right[..., None])[..., 0]
        unknowns = unknowns + np.clip(step, [-3, -3, -0.2, -0.2, -0.2], [3, 3, 0.2, 0.2, 0.2])
    residual, _ = _standing_residual(model, unknowns, tried, middle)
    cost = (residual**2 * precision).sum(axis=1)
    cost += (unknowns[:, 2:] ** 2 * model.spread**-2).sum(axis=1)
    if streets is not None and len(streets.angles):
        cost += streets.cost(place, angles)
    best = int(np.argmin(cost))
    return tried[best], unknowns[best, :2]


def _standing_residual(
    model: _Model, unknowns: Floats, headings: Floats, box: Floats
) -> tuple[Floats, Floats]:
    def predict(values: Floats) -> Floats:
        return model.predict(values[:, :2], headings, model.typical * np.exp(values[:, 2:]))

    predicted = predict(unknowns)
    slopes = np.stack(
        [(predict(unknowns + step) - predicted) / _DIFFERENCE for step in _DIFFERENCE * np.eye(5)],
        axis=2,
    )
    return np.nan_to_num(box - predicted), slopes
