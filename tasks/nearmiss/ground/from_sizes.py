"""An approximate ground plane from nothing but the sizes of road users.

`calibrate_from_sizes` (`--calibration auto`) gives metres with a stated error, or says why it
cannot; `straighten` takes the perspective out of pixels by the same fit, whatever the evidence.

Assumed: flat ground, a camera without roll or lens distortion whose axis goes through the middle
of the picture and that hangs as traffic cameras do (`TRAFFIC_CAMERA`), road users of the usual
sizes (`ground.sizes`), and a focal length near `FOCAL_SHARE` picture widths unless people walk in
several directions, whose equal paces along and across the view then tell it. Distances along the
view depend on the focal length about in proportion, distances across hardly at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from tasks.nearmiss.ground.plane import Floats, GroundPlane
from tasks.nearmiss.ground.size_fit import (
    FOCAL_LOG_SD,
    FOCAL_SHARE,
    Prior,
    Samples,
    camera_from,
    fit_camera,
    horizon_row,
)
from tasks.nearmiss.ground.sizes import MEAN_DOUBT, TYPICAL_SIZES

MIN_TRACKS = 6
MIN_SAMPLES = 30
SAMPLES_A_TRACK = 8
HALF_WINDOW_SEC = 0.75
# Neighbouring boxes of a track err alike; this is how many independent ones it counts for.
WORTH_OF_A_TRACK = 5
MAX_TRACKS = 80
LEAST_BOXES = 6
# What is believed before any box is seen: traffic cameras as they usually hang.
TRAFFIC_CAMERA = Prior(
    pitch=(0.5, 0.35), log_height=(np.log(8.0), 0.6), log_focal=(np.log(FOCAL_SHARE), FOCAL_LOG_SD)
)
WALKING_LOG_SPEED = np.log(1.3)  # m/s, where the fit starts
_STARTS = ((0.3, 6.0), (0.6, 9.0), (1.2, 14.0))  # pitch, height
MIN_ROWS_SHARE = 0.08
MIN_HEIGHT_RATIO = 1.15
EDGE_PX = 3
MIN_BOX_PX = 12
DRAWS = 30
# What the model leaves out (roll, lens distortion, how tightly a detector's boxes fit), as a share
# of distances; with people 1.70 m high those on vtest.avi came out 4 to 7 % short.
MODEL_DOUBT = 0.06
MAX_SCALE_ERROR = 0.6
ASSUMED_ABOVE = 0.7  # a focal length this near its prior was not learnt from the video
_BOX = ["x1", "y1", "x2", "y2"]


class CannotCalibrate(Exception):
    """The tracks do not tell the scale. The message is one sentence that says why."""


def calibrate_from_sizes(tracks: pd.DataFrame, picture_size: tuple[int, int]) -> GroundPlane:
    """Fit a camera to the heights of road users' boxes and derive the ground plane.

    Theil and Sen's slope of height against foot row gives a start and shows whether there is any
    growth towards the camera; `fit_camera` then explains all boxes by solids of the usual sizes.
    The error comes from a bootstrap over whole tracks, in which the assumed sizes and the assumed
    focal length vary too (seeded, so it repeats), with MODEL_DOUBT on top.

    Args:
        tracks: columns class, x1, y1, x2, y2 in pixels. With track_id and timestamp_sec too,
            headings and paces are used; without, each box is a road user of its own, and the
            stated error is too small where the same few come again and again.
        picture_size: width and height in pixels.

    Returns:
        The plane, marked approximate. Its origin is below the camera, x to the right and y ahead.

    Raises:
        CannotCalibrate: too few road users of known size, all about equally far away, boxes that
            do not grow towards the lower edge (as from straight above), or an error so large
            that the scale is unknown.
    """
    usable = _usable(tracks, picture_size, MEAN_DOUBT)
    parts = _samples(usable)
    count = sum(int(part.track.max()) + 1 for part in parts)
    sights = sum(len(part.height) for part in parts)
    if count < MIN_TRACKS or sights < MIN_SAMPLES:
        raise CannotCalibrate(
            f"Only {count} road users of known size ({', '.join(MEAN_DOUBT)}) with {sights} whole "
            f"boxes were seen; at least {MIN_TRACKS} and {MIN_SAMPLES} are needed."
        )
    start = _start(parts, picture_size)
    scales = dict.fromkeys(MEAN_DOUBT, 1.0)
    weights = [_weights(part, np.ones(int(part.track.max()) + 1)) for part in parts]
    best, _ = fit_camera(parts, start, picture_size, TRAFFIC_CAMERA, scales, weights)
    draws = _bootstrap(parts, best, picture_size)
    camera = camera_from(best, picture_size)
    matrix = camera.image_to_ground()
    matrices = np.array([camera_from(draw, picture_size).image_to_ground() for draw in draws])
    error = _scale_error(matrix, matrices, np.concatenate([part.foot for part in parts]))
    if not error < MAX_SCALE_ERROR:
        raise CannotCalibrate(
            f"The sizes of {count} road users leave the scale open: distances would be "
            f"+-{100 * error:.0f} %."
        )
    classes = ", ".join(f"{int(part.track.max()) + 1} {part.name}" for part in parts)
    focal_sd = float(np.std(draws[:, 2]))
    return GroundPlane(
        matrix,
        picture_size,
        draws=matrices,
        approximate=True,
        relative_scale_error=round(error, 3),
        basis=(
            f"the usual sizes of {count} road users ({classes}): camera {camera.height:.1f} m "
            f"high, horizon at row {horizon_row(camera):.0f}, focal length "
            f"{camera.focal:.0f} px +-{100 * focal_sd:.0f} % "
            f"({'assumed' if focal_sd > ASSUMED_ABOVE * FOCAL_LOG_SD else 'estimated'})"
        ),
    )


def straighten(tracks: pd.DataFrame, picture_size: tuple[int, int]) -> GroundPlane | None:
    """The likeliest ground plane however little the boxes tell, for taking perspective out.

    The same fit with the same belief about cameras, of all classes, and without asking whether
    the boxes suffice: a guess of the perspective is better than none, while a scale in metres
    needs evidence and a stated error.

    Args:
        tracks: as for `calibrate_from_sizes`.
        picture_size: width and height in pixels.

    Returns:
        The plane, approximate and without draws; None where there are hardly any boxes.
    """
    usable = _usable(tracks, picture_size, TYPICAL_SIZES)
    if len(usable) < LEAST_BOXES:
        return None
    parts = _samples(usable)
    scales = dict.fromkeys(TYPICAL_SIZES, 1.0)
    weights = [_weights(part, np.ones(int(part.track.max()) + 1)) for part in parts]
    focal = TRAFFIC_CAMERA.log_focal[0]
    values, _ = min(
        (
            fit_camera(
                parts,
                np.array([pitch, np.log(height), focal, WALKING_LOG_SPEED]),
                picture_size,
                TRAFFIC_CAMERA,
                scales,
                weights,
            )
            for pitch, height in _STARTS
        ),
        key=lambda found: found[1],
    )
    matrix = camera_from(values, picture_size).image_to_ground()
    return GroundPlane(
        matrix, picture_size, approximate=True, basis="the usual sizes of road users"
    )


def _usable(
    tracks: pd.DataFrame, picture_size: tuple[int, int], classes: Collection[str]
) -> pd.DataFrame:
    """Whole boxes of some classes, in order of tracks and time."""
    table = tracks[tracks["class"].isin(classes)].copy()
    table["class"] = table["class"].astype(str)
    if "track_id" not in table:
        table["track_id"] = np.arange(len(table))
    if "timestamp_sec" not in table:
        table["timestamp_sec"] = np.nan
    width, height = table["x2"] - table["x1"], table["y2"] - table["y1"]
    whole = np.isfinite(table[_BOX].to_numpy(float)).all(axis=1)
    whole &= (width > 0) & (height >= MIN_BOX_PX)
    whole &= (table[["x1", "y1"]] > EDGE_PX).all(axis=1)
    whole &= (table["x2"] < picture_size[0] - EDGE_PX) & (table["y2"] < picture_size[1] - EDGE_PX)
    # A standing person's box is upright; others are half hidden, or sit on something.
    whole &= (table["class"] != "person") | (height > 1.4 * width)
    return table[whole].sort_values(["class", "track_id", "timestamp_sec"], kind="stable")


def _samples(table: pd.DataFrame) -> list[Samples]:
    """SAMPLES_A_TRACK sights of each of at most MAX_TRACKS tracks, a part a class."""
    return [_part(str(name), rows) for name, rows in table.groupby("class", sort=True)]


def _part(name: str, rows: pd.DataFrame) -> Samples:
    tracks = [track for _, track in rows.groupby("track_id", sort=False)]
    chosen = np.unique(np.linspace(0, len(tracks) - 1, min(MAX_TRACKS, len(tracks))).round())
    table = np.concatenate(
        [
            np.column_stack([sights := _sights(tracks[int(index)]), np.full(len(sights), number)])
            for number, index in enumerate(chosen)
        ]
    )
    return Samples(
        name=name,
        foot=table[:, :2],
        height=table[:, 2],
        width=table[:, 3],
        before=table[:, 4:6],
        after=table[:, 6:8],
        span=table[:, 8],
        track=table[:, 9].astype(np.int64),
    )


def _sights(track: pd.DataFrame) -> Floats:
    """k x 9 of one track: foot x and y, height, width, foot before and after, seconds between.

    Before and after are the ends of a straight line through the foot points of the second and a
    half around: a jittering foot point moves mostly along the view, which would look like pace.
    """
    box, times = track[_BOX].to_numpy(float), track["timestamp_sec"].to_numpy(float)
    foot = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]])
    rows = []
    for index in np.unique(np.linspace(0, len(box) - 1, SAMPLES_A_TRACK).round().astype(int)):
        ends, span = np.full(4, np.nan), np.nan
        around = np.abs(times - times[index]) <= HALF_WINDOW_SEC
        if around.sum() >= 3 and np.ptp(times[around]) > HALF_WINDOW_SEC / 2:
            span = np.ptp(times[around])
            slope, level = np.polyfit(times[around] - times[around].mean(), foot[around], 1)
            ends = np.concatenate([level - slope * span / 2, level + slope * span / 2])
        size = box[index, 2:] - box[index, :2]
        rows.append([*foot[index], size[1], size[0], *ends, span])
    return np.array(rows)


def _start(parts: list[Samples], picture_size: tuple[int, int]) -> Floats:
    """First values from height = slope * (row - horizon), sizes made comparable by class."""
    rows = np.concatenate([part.foot[:, 1] for part in parts])
    heights = np.concatenate([part.height / TYPICAL_SIZES[part.name][2] for part in parts])
    low, high = np.percentile(rows, [10, 90])
    if high - low < MIN_ROWS_SHARE * picture_size[1]:
        raise CannotCalibrate(
            "All road users of known size are about equally far away, which does not tell how "
            "the scale changes over the picture."
        )
    few = np.random.default_rng(0).permutation(len(rows))[:600]
    slope, intercept, least, _ = theilslopes(heights[few], rows[few])
    near, far = intercept + slope * high, intercept + slope * low
    if not (least > 0 and near > MIN_HEIGHT_RATIO * max(far, 0)):
        raise CannotCalibrate(
            "The boxes do not grow towards the lower edge of the picture, so the sizes of road "
            "users tell no perspective; is this a view from straight above?"
        )
    horizon = -intercept / slope
    pitch = np.arctan2(picture_size[1] / 2 - horizon, FOCAL_SHARE * picture_size[0])
    return np.array([pitch, -np.log(slope), np.log(FOCAL_SHARE), WALKING_LOG_SPEED])


def _weights(part: Samples, times: Floats) -> Floats:
    """Weight of each sight, of tracks that were drawn `times` times."""
    return (times * np.minimum(1.0, WORTH_OF_A_TRACK / np.bincount(part.track)))[part.track]


def _bootstrap(parts: list[Samples], best: Floats, picture_size: tuple[int, int]) -> Floats:
    """DRAWS x 4 values of the camera."""
    random, found = np.random.default_rng(0), []
    for _ in range(DRAWS):
        weights = []
        for part in parts:
            count = int(part.track.max()) + 1
            drawn = np.bincount(random.integers(0, count, count), minlength=count)
            weights.append(_weights(part, drawn.astype(float)))
        scales = {
            name: float(np.exp(random.normal(0, doubt))) for name, doubt in MEAN_DOUBT.items()
        }
        log_focal = (random.normal(*TRAFFIC_CAMERA.log_focal), FOCAL_LOG_SD)
        prior = replace(TRAFFIC_CAMERA, log_focal=log_focal)
        drawn = fit_camera(parts, best, picture_size, prior, scales, weights, max_steps=8)
        found.append(drawn[0])
    values = np.array(found)
    values[:, 1] += random.normal(0, MODEL_DOUBT, len(values))
    return values


def _scale_error(matrix: Floats, draws: Floats, foot: Floats) -> float:
    """Half the central 68 % of the log ratio of distances between places, over draws and pairs."""
    random = np.random.default_rng(0)
    one, two = random.integers(0, len(foot), (2, 300))
    apart = np.linalg.norm(foot[one] - foot[two], axis=1) > 1
    points = np.column_stack([foot, np.ones(len(foot))])

    def distances(mapping: Floats) -> Floats:
        mapped = points @ mapping.T
        places = mapped[:, :2] / np.where(mapped[:, 2:] > 0, mapped[:, 2:], np.nan)
        return np.linalg.norm(places[one[apart]] - places[two[apart]], axis=1)

    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.log(np.array([distances(draw) for draw in draws]) / distances(matrix))
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    low, high = np.percentile(ratios, [16, 84])
    return float(high - low) / 2
