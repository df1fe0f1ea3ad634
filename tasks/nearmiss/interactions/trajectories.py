"""Trajectories of road users, smoothed, from box tracks; from places see `points`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.ground.sizes import TYPICAL_SIZES
from tasks.nearmiss.interactions.footprints import Fit, Streets, fit_track
from tasks.nearmiss.interactions.identities import repair_identities
from tasks.nearmiss.interactions.picture import fit_in_picture, picture_length
from tasks.nearmiss.interactions.plane import Plane, distorted

Floats = NDArray[np.float64]
BOX = ["x1", "y1", "x2", "y2"]
LONGEST_GAP_SEC = 2.0  # a track unseen for longer is two trajectories
DRAWS = 48
STREET_SAMPLES = 20  # places a track tells of a street


@dataclass(frozen=True)
class Trajectory:
    """One road user's path over n moments, those of all processed frames from first to last.

    Attributes:
        track_id: the road user's number: its track's, where identities are whole.
        class_name: the one with most confidence.
        frames: (n,) source frame numbers.
        times: (n,) s, increasing.
        positions, velocities, accelerations: (n, 2), of the footprint's middle, in units, units/s
            and units/s^2.
        headings: (n, 2) unit vectors along the length.
        length, width: of the footprint, units.
        confidences: (n,), nan where not observed.
        observed: (n,), whether a box was seen then.
        units: "m" or "px".
        position_sd: (n,), standard error of a position, units.
            The calibration's own error, which moves all road users together, is not in it.
        deviations: (k, n, 6) draws of the error of position, velocity, acceleration, by the
            jitter of boxes, the unsure size, and the calibration. The k-th draw has the same
            calibration for every road user of a plane.
        sizes: (k, 2) lengths and widths that belong to these draws.
        stretch: (k,) how many times longer ways are in the calibration of these draws.
        boxes: (n, 4) picture boxes, nan where there are none.
        metre: units in a metre, as far as that is known.
        source_ids: (n,) the track's number at each moment, as the tracker gave it.
    """

    track_id: int
    class_name: str
    frames: NDArray[np.int64]
    times: Floats
    positions: Floats
    velocities: Floats
    headings: Floats
    accelerations: Floats
    length: float
    width: float
    confidences: Floats
    observed: NDArray[np.bool_]
    units: str
    position_sd: Floats
    deviations: Floats
    sizes: Floats
    stretch: Floats
    boxes: Floats
    metre: float
    source_ids: NDArray[np.int64]

    def source_id(self, seconds: float) -> int:
        """The tracker's number of this road user at a time."""
        return int(self.source_ids[np.argmin(np.abs(self.times - seconds))])

    @property
    def speeds(self) -> Floats:
        """(n,), units/s."""
        return np.hypot(self.velocities[:, 0], self.velocities[:, 1])


def from_boxes(
    tracks: pd.DataFrame, plane: Plane, *, repair: bool = True, seed: int = 0
) -> list[Trajectory]:
    """Trajectories of box tracks.

    Args:
        tracks: frame_index, timestamp_sec, track_id, class, confidence, x1, y1, x2, y2 (px);
            rows that are not finite or have no area are passed over.
        plane: where to measure.
        repair: whether broken identities are put right first (`identities`).
        seed: of the draws of errors.

    Returns:
        In order of track_id and time; a track with a hole of more than LONGEST_GAP_SEC gives
        several trajectories with one track_id.

    Raises:
        ValueError: a column is missing.
    """
    rows = _clean_rows(tracks)
    if rows.empty:
        return []
    rows = _with_users(rows, plane, repair)
    clock = rows.drop_duplicates("frame_index").sort_values("frame_index")
    frames, times = clock["frame_index"].to_numpy(), clock["timestamp_sec"].to_numpy(float)
    pieces = [
        _Piece.of(int(track_id), piece, frames, times)
        for track_id, track in rows.groupby("user", sort=True)
        for _, piece in track.groupby(
            (track["timestamp_sec"].diff() > LONGEST_GAP_SEC).cumsum(), sort=True
        )
    ]
    fits = _fits(pieces, plane)
    rng = np.random.default_rng(seed)
    return [
        _trajectory(piece, fit, plane, rng)
        for piece, fit in zip(pieces, fits, strict=True)
        if fit is not None
    ]


@dataclass(frozen=True)
class _Piece:
    """Boxes of one track without a long hole, at every processed frame of its span."""

    track_id: int
    class_name: str
    frames: NDArray[np.int64]
    times: Floats
    boxes: Floats
    confidences: Floats
    source_ids: NDArray[np.int64]

    @classmethod
    def of(
        cls, track_id: int, rows: pd.DataFrame, frames: NDArray[np.int64], times: Floats
    ) -> _Piece:
        first, last = rows["frame_index"].iloc[[0, -1]]
        span = slice(*np.searchsorted(frames, [first, last + 1]))
        frames, times = frames[span].astype(np.int64), times[span]
        at = np.searchsorted(frames, rows["frame_index"])
        boxes = np.full((len(frames), 4), np.nan)
        boxes[at] = rows[BOX].to_numpy(float)
        confidences = np.full(len(frames), np.nan)
        confidences[at] = rows["confidence"].to_numpy(float)
        weights = rows["confidence"].groupby(rows["class"].astype(str)).sum()
        row = np.searchsorted(at, np.arange(len(frames)), side="right") - 1
        source_ids = rows["track_id"].to_numpy(np.int64)[row]
        class_name = str(weights.idxmax())
        return cls(track_id, class_name, frames, times, boxes, confidences, source_ids)


def _fits(pieces: list[_Piece], plane: Plane) -> list[Fit | None]:
    """A fit for each piece, None where it does not stand on the ground that is seen.

    Road users that move come first: they tell which way those that stand are likely headed.
    """
    if plane.homography is None:
        return [fit_in_picture(piece.times, piece.boxes, piece.class_name) for piece in pieces]
    fits = [_ground_fit(plane, piece, None) for piece in pieces]
    streets = _streets(pieces, fits)
    if streets is None:
        return fits
    return [
        fit
        if fit is None or fit.moved or piece.class_name == "person"
        else _ground_fit(plane, piece, streets)
        for piece, fit in zip(pieces, fits, strict=True)
    ]


def _ground_fit(plane: Plane, piece: _Piece, streets: Streets | None) -> Fit | None:
    try:
        return fit_track(plane, piece.times, piece.boxes, piece.class_name, streets)
    except ValueError:
        return None


def _streets(pieces: list[_Piece], fits: list[Fit | None]) -> Streets | None:
    places, angles = [], []
    for piece, fit in zip(pieces, fits, strict=True):
        if fit is None or not fit.moved or piece.class_name == "person":
            continue
        step = max(1, len(piece.times) // STREET_SAMPLES)
        places.append(fit.path.mean[::step, :2])
        angles.append(np.arctan2(fit.headings[::step, 1], fit.headings[::step, 0]))
    if not places:
        return None
    return Streets(np.concatenate(places), np.concatenate(angles))


def _with_users(rows: pd.DataFrame, plane: Plane, repair: bool) -> pd.DataFrame:
    users = repair_identities(rows, plane) if repair else rows["track_id"]
    rows = rows.assign(user=users).sort_values(["user", "frame_index"], kind="stable")
    return rows.drop_duplicates(["user", "frame_index"])


def _clean_rows(tracks: pd.DataFrame) -> pd.DataFrame:
    needed = ["frame_index", "timestamp_sec", "track_id", "class", "confidence", *BOX]
    missing = [name for name in needed if name not in tracks]
    if missing:
        raise ValueError(f"The tracks lack the columns {', '.join(missing)}.")
    numbers = tracks[["timestamp_sec", *BOX]].to_numpy(float)
    good = np.isfinite(numbers).all(axis=1)
    good &= (numbers[:, 3] > numbers[:, 1]) & (numbers[:, 4] > numbers[:, 2])
    good &= tracks["class"].astype(str).isin(TYPICAL_SIZES).to_numpy()
    rows = tracks.loc[good, needed].sort_values(["track_id", "frame_index"], kind="stable")
    rows = rows.drop_duplicates(["track_id", "frame_index"])
    return forward_rows(rows)


def forward_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of frames whose clock runs on: one that stands still or runs back has no speed."""
    clock = rows.drop_duplicates("frame_index").sort_values("frame_index")
    times = clock["timestamp_sec"].to_numpy(float)
    forward = times > np.concatenate([[-np.inf], np.maximum.accumulate(times)[:-1]])
    return rows[rows["frame_index"].isin(clock["frame_index"][forward])]


def _trajectory(piece: _Piece, fit: Fit, plane: Plane, rng: np.random.Generator) -> Trajectory:
    unit = 1.0 if plane.homography is None else plane.metre
    draws = _draws(fit, plane, rng)
    mean = unit * fit.path.mean
    metre = plane.metre or fit.sizes[0] / picture_length(piece.class_name)
    return Trajectory(
        track_id=piece.track_id,
        class_name=piece.class_name,
        frames=piece.frames,
        times=piece.times,
        positions=mean[:, :2],
        velocities=mean[:, 2:4],
        headings=fit.headings,
        accelerations=mean[:, 4:],
        length=float(unit * fit.sizes[0]),
        width=float(unit * fit.sizes[1]),
        confidences=piece.confidences,
        observed=np.isfinite(piece.confidences),
        units=plane.units,
        position_sd=unit * draws.position_sd,
        # Errors need no more digits, and an hour of traffic has thousands of road users.
        deviations=(unit * draws.deviations).astype(np.float32),
        sizes=unit * draws.sizes,
        stretch=draws.stretch,
        boxes=piece.boxes,
        metre=float(metre),
        source_ids=piece.source_ids,
    )


@dataclass(frozen=True)
class _Draws:
    """See Trajectory; on the ground in metres."""

    position_sd: Floats
    deviations: Floats
    sizes: Floats
    stretch: Floats


def _draws(fit: Fit, plane: Plane, rng: np.random.Generator) -> _Draws:
    """Paths and sizes as the boxes let them be, then as each draw of the calibration shows them.

    The part of a size that the boxes tell grows with the ground that the calibration draws; the
    part that is the typical size does not.
    """
    distortions = plane.distortions(DRAWS)
    stretch = _stretch(fit, distortions) if len(distortions) else np.ones(DRAWS)
    log_sizes = rng.multivariate_normal(np.zeros(3), fit.size_covariance, DRAWS)
    jitter = fit.path.draws(DRAWS, rng) + np.einsum("nij,kj->kni", fit.by_size, log_sizes)
    kept = np.log(stretch)[:, None] * (fit.size_seen - 1)
    states = fit.path.mean + jitter + np.einsum("nij,kj->kni", fit.by_size, kept)
    if len(distortions):
        states = distorted(states, distortions)
    return _Draws(
        position_sd=np.sqrt((jitter[:, :, :2] ** 2).mean(axis=(0, 2))),
        deviations=states - fit.path.mean,
        sizes=(fit.sizes * np.exp(log_sizes + kept))[:, :2] * stretch[:, None],
        stretch=stretch,
    )


def _stretch(fit: Fit, distortions: Floats) -> Floats:
    """(k,), how many times longer a step ahead is on the ground of each draw, median of the way."""
    step = max(1, len(fit.headings) // STREET_SAMPLES)
    places, ahead = fit.path.mean[::step, :2], fit.headings[::step]
    moved = distorted(np.column_stack([places, ahead, np.zeros_like(places)]), distortions)
    return np.median(np.hypot(moved[..., 2], moved[..., 3]), axis=1)
