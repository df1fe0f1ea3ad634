"""A guess of the ground plane from the sizes of road users, where nobody calibrated the camera.

A pinhole camera without roll, its principal point in the picture's middle, is described by its
height, tilt and focal length. They are chosen so that road users of typical sizes, standing where
their boxes touch the ground and headed the way they move, would give the boxes that were seen
(the idea of Hoiem, Efros and Hebert 2008, "Putting objects in perspective"). The result is
approximate: an error of sizes by 5 % is one of all distances by 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from tasks.nearmiss.ground.sizes import SIZE_SPREAD, TYPICAL_SIZES
from tasks.nearmiss.interactions.footprints import BORDER_PX
from tasks.nearmiss.interactions.plane import Plane, project_cuboids

Floats = NDArray[np.float64]
BOXES_A_TRACK = 10
LEAST_SIDE_PX = 12.0
LEAST_BOXES = 6
CHORD_M = 1.5  # a shorter way tells no heading
# What is believed before any box is seen: traffic cameras as they usually hang.
PRIOR = {"log_height": (np.log(8.0), 0.6), "tilt": (0.5, 0.35), "log_focal": (np.log(0.7), 0.3)}
_STARTS = ((6.0, 0.3), (9.0, 0.6), (14.0, 1.2))
_BOX_NOISE_PX = 3.0


@dataclass(frozen=True)
class _Sample:
    """Boxes to fit: (n, 4), their sizes (n, 3) and spreads, rows before and after on the track."""

    boxes: Floats
    sizes: Floats
    spread: Floats
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    round: NDArray[np.bool_]
    weight: Floats


def approximate_plane(tracks: pd.DataFrame, picture: tuple[int, int]) -> Plane | None:
    """The ground as the sizes of road users tell it, or None where there are too few boxes.

    Args:
        tracks: track_id, class, frame_index, x1, y1, x2, y2 in pixels.
        picture: width and height in pixels.

    Returns:
        A plane in approximate metres, x to the right and y away from the camera. `in_pixels` turns
        it into one whose unit is a pixel.
    """
    sample = _sample(tracks, picture)
    if sample is None:
        return None
    best = None
    for height, tilt in _STARTS:
        start = np.array([np.log(height), tilt, PRIOR["log_focal"][0]])
        found = minimize(
            _cost,
            start,
            args=(sample, picture),
            method="Nelder-Mead",
            options={
                "maxfev": 160,
                "xatol": 1e-3,
                "fatol": 1e-2,
                "initial_simplex": start + np.vstack([np.zeros(3), 0.25 * np.eye(3)]),
            },
        )
        if best is None or found.fun < best.fun:
            best = found
    return Plane.of_ground(
        np.linalg.inv(_camera(best.x, picture)[:, [0, 1, 3]]),
        picture,
        focal_px=float(np.exp(best.x[2]) * picture[0]),
        approximate=True,
    )


def in_pixels(plane: Plane, tracks: pd.DataFrame) -> Plane:
    """An approximate plane with the pixel for its unit: a metre is what it takes, across the
    view, at the median foot point of the tracks."""
    feet = np.column_stack([(tracks["x1"] + tracks["x2"]) / 2, tracks["y2"]]).astype(float)
    step = np.array([1.0, 0.0])
    moved = plane.to_ground(feet + step) - plane.to_ground(feet - step)
    metre = float(1 / np.nanmedian(np.hypot(*moved.T) / 2))
    return replace(plane, units="px", metre=metre)


def _camera(parameters: Floats, picture: tuple[int, int]) -> Floats:
    """3 x 4 camera above the origin, looking along y."""
    log_height, tilt, log_focal = parameters
    width, height = picture
    focal = np.exp(log_focal) * width
    lens = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    sine, cosine = np.sin(tilt), np.cos(tilt)
    rotation = np.array([[1, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])
    place = rotation @ [0.0, 0.0, np.exp(log_height)]
    return lens @ np.column_stack([rotation, -place])


def _cost(parameters: Floats, sample: _Sample, picture: tuple[int, int]) -> float:
    tilt = parameters[1]
    prior = sum(
        ((value - center) / spread) ** 2
        for value, (center, spread) in zip(parameters, PRIOR.values(), strict=True)
    )
    if not 0.03 < tilt <= 1.56:
        return 1e6 + 1e6 * abs(tilt)
    camera = _camera(parameters, picture)
    to_ground = np.linalg.inv(camera[:, [0, 1, 3]])
    feet = np.column_stack([(sample.boxes[:, 0] + sample.boxes[:, 2]) / 2, sample.boxes[:, 3]])
    places, good = _on_ground(to_ground, feet)
    if good.mean() < 0.5:
        return 1e6
    chord = places[sample.after] - places[sample.before]
    far = np.hypot(*chord.T)
    told = (far > CHORD_M) & good[sample.after] & good[sample.before]
    headings = np.where(told[:, None], chord / np.maximum(far, 1e-6)[:, None], [1.0, 0.0])
    middle = places
    for _ in range(2):
        boxes = project_cuboids(camera, middle, headings, sample.sizes)
        seen, _ = _on_ground(
            to_ground, np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
        )
        middle = middle + np.clip(places - seen, -8, 8)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3)
    wanted = sample.boxes[:, 2:] - sample.boxes[:, :2]
    spread = np.sqrt(sample.spread**2 + (_BOX_NOISE_PX / wanted) ** 2)
    off = (np.log(sides) - np.log(wanted)) / spread
    rho = 2 * (np.sqrt(1 + off**2 / 2) - 1)  # soft: a wrong box is no catastrophe
    rho[:, 0] *= told | sample.round
    rho = np.where(good[:, None], rho, 4.0)
    return float(prior + (rho * sample.weight[:, None]).sum())


def _on_ground(to_ground: Floats, pixels: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Ground places (n, 2) and whether they lie below the horizon within 300 m."""
    points = np.column_stack([pixels, np.ones(len(pixels))]) @ to_ground.T
    places = points[:, :2] / np.where(np.abs(points[:, 2:]) < 1e-12, 1e-12, points[:, 2:])
    good = (
        (points[:, 2] * np.sign(np.linalg.det(to_ground)) != 0)
        & (np.hypot(*places.T) < 300)
        & (places[:, 1] > -50)
    )
    return np.where(good[:, None], places, 0.0), good


def _sample(tracks: pd.DataFrame, picture: tuple[int, int]) -> _Sample | None:
    """Evenly spread boxes of each track, none at the border and none overlapping another much."""
    boxes = tracks[["x1", "y1", "x2", "y2"]].to_numpy(float)
    width, height = picture
    whole = (boxes[:, :2] > BORDER_PX).all(axis=1)
    whole &= (boxes[:, 2] < width - BORDER_PX) & (boxes[:, 3] < height - BORDER_PX)
    whole &= (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= LEAST_SIDE_PX
    whole &= tracks["class"].astype(str).isin(TYPICAL_SIZES).to_numpy()
    rows = tracks[whole].sort_values(["track_id", "frame_index"])
    parts, start = [], 0
    for _, track in rows.groupby("track_id", sort=True):
        count = min(BOXES_A_TRACK, len(track))
        chosen = track.iloc[np.unique(np.linspace(0, len(track) - 1, count).astype(int))]
        at = np.arange(len(chosen))
        parts.append(
            (
                chosen,
                start + np.maximum(at - 1, 0),
                start + np.minimum(at + 1, len(at) - 1),
                np.full(len(at), 3 / (3 + len(at))),
            )
        )
        start += len(chosen)
    if start < LEAST_BOXES:
        return None
    chosen = pd.concat([part[0] for part in parts])
    classes = chosen["class"].astype(str).tolist()
    spreads = np.array([SIZE_SPREAD[name] for name in classes])
    return _Sample(
        boxes=chosen[["x1", "y1", "x2", "y2"]].to_numpy(float),
        sizes=np.array([TYPICAL_SIZES[name] for name in classes]),
        spread=np.column_stack([spreads[:, :2].mean(axis=1), spreads[:, 2]]) + 0.03,
        before=np.concatenate([part[1] for part in parts]),
        after=np.concatenate([part[2] for part in parts]),
        round=np.array([name == "person" for name in classes]),
        weight=np.concatenate([part[3] for part in parts]),
    )
