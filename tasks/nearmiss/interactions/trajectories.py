"""Trajectories of road users, smoothed, from box tracks; from places see `points`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.ground.sizes import TYPICAL_SIZES
from tasks.nearmiss.interactions.draws import (
    STREET_SAMPLES,
    Draws,
    Start,
    Stream,
    draws_of_fit,
    normals_of_fit,
)
from tasks.nearmiss.interactions.footprints import Fit, Streets, fit_track
from tasks.nearmiss.interactions.identities import repair_identities
from tasks.nearmiss.interactions.kept import Kept
from tasks.nearmiss.interactions.picture import fit_in_picture, picture_length
from tasks.nearmiss.interactions.plane import Plane

Floats = NDArray[np.float64]
BOX = ["x1", "y1", "x2", "y2"]
LONGEST_GAP_SEC = 2.0  # a track unseen for longer is two trajectories
MOST_STREET_SAMPLES = 4000  # evenly out of all there are: more tell the streets no better
DRAWN_MOMENTS = 4000  # of the draws kept for a road user's next pair, 1.2 kB each


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
        boxes: (n, 4) picture boxes, nan where there are none.
        metre: units in a metre, as far as that is known.
        source_ids: (n,) the track's number at each moment, as the tracker gave it.
        draw: makes `draws` anew, the same each time.
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
    boxes: Floats
    metre: float
    source_ids: NDArray[np.int64]
    draw: Callable[[Trajectory], Draws]

    @property
    def draws(self) -> Draws:
        """Draws of the error, made where they are not among those last asked for."""
        return _draws(self)

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
    stream, samples = Stream(seed), _StreetSamples()
    found = []
    for piece in _pieces(rows):
        fit = _fit(plane, piece, None)
        if fit is not None:
            found.append(_trajectory(piece, fit, plane, stream))
            samples.add(piece.class_name, fit)
    streets = samples.streets()
    if plane.homography is None or streets is None:
        return found
    return [
        _turned(each, plane, streets) if stands else each
        for each, stands in zip(found, samples.standing, strict=True)
    ]


def _turned(trajectory: Trajectory, plane: Plane, streets: Streets) -> Trajectory:
    """A vehicle that never moved, headed the way that others tell."""
    fit = _fit(plane, trajectory, streets)
    draw = replace(trajectory.draw, streets=streets)
    return replace(trajectory, draw=draw, **_path(fit, plane, trajectory.class_name))


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
        frames, times = frames[span], times[span]
        at = np.searchsorted(frames, rows["frame_index"])
        boxes = np.full((len(frames), 4), np.nan)
        boxes[at] = rows[BOX].to_numpy(float)
        confidences = np.full(len(frames), np.nan)
        confidences[at] = rows["confidence"].to_numpy(float)
        row = np.searchsorted(at, np.arange(len(frames)), side="right") - 1
        source_ids = rows["track_id"].to_numpy(np.int64)[row]
        return cls(track_id, _class_of(rows), frames, times, boxes, confidences, source_ids)


def _pieces(rows: pd.DataFrame) -> Iterator[_Piece]:
    """In order of the road users and of time."""
    clock = rows.drop_duplicates("frame_index").sort_values("frame_index")
    frames = clock["frame_index"].to_numpy(np.int64)
    times = clock["timestamp_sec"].to_numpy(float)
    for track_id, track in rows.groupby("user", sort=True):
        holes = np.flatnonzero(np.diff(track["timestamp_sec"]) > LONGEST_GAP_SEC) + 1
        for first, last in pairwise([0, *holes, len(track)]):
            yield _Piece.of(int(track_id), track.iloc[first:last], frames, times)


def _class_of(rows: pd.DataFrame) -> str:
    """The class with most confidence."""
    names = rows["class"].astype(str)
    if (names == names.iloc[0]).all():
        return names.iloc[0]
    return str(rows["confidence"].groupby(names).sum().idxmax())


def _fit(plane: Plane, boxes: _Piece | Trajectory, streets: Streets | None) -> Fit | None:
    """The path of boxes, None where they do not stand on the ground that is seen.

    Args:
        plane: where to measure.
        boxes: with the class and the times.
        streets: which way vehicles drive, for one that stands.
    """
    if plane.homography is None:
        return fit_in_picture(boxes.times, boxes.boxes, boxes.class_name)
    try:
        return fit_track(plane, boxes.times, boxes.boxes, boxes.class_name, streets)
    except ValueError:
        return None


class _StreetSamples:
    """Where vehicles drove which way, and which road users never moved."""

    def __init__(self) -> None:
        self._places: list[Floats] = []
        self._angles: list[Floats] = []
        self.standing: list[bool] = []

    def add(self, class_name: str, fit: Fit) -> None:
        """Take what the path of the next road user tells."""
        walks = class_name == "person"
        self.standing.append(not (walks or fit.moved))
        if walks or not fit.moved:
            return
        step = max(1, len(fit.headings) // STREET_SAMPLES)
        self._places.append(fit.path.mean[::step, :2].copy())
        self._angles.append(np.arctan2(fit.headings[::step, 1], fit.headings[::step, 0]))

    def streets(self) -> Streets | None:
        """None where no vehicle drove."""
        if not self._places:
            return None
        places, angles = np.concatenate(self._places), np.concatenate(self._angles)
        if len(angles) > MOST_STREET_SAMPLES:
            chosen = np.linspace(0, len(angles) - 1, MOST_STREET_SAMPLES).astype(int)
            places, angles = places[chosen], angles[chosen]
        return Streets(places, angles)


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


def _trajectory(piece: _Piece, fit: Fit, plane: Plane, stream: Stream) -> Trajectory:
    start = stream.pass_over(normals_of_fit(len(piece.times)))
    return Trajectory(
        track_id=piece.track_id,
        class_name=piece.class_name,
        frames=piece.frames,
        times=piece.times,
        confidences=piece.confidences,
        observed=np.isfinite(piece.confidences),
        units=plane.units,
        boxes=piece.boxes,
        source_ids=piece.source_ids,
        draw=_BoxDraws(plane, None, start),
        **_path(fit, plane, piece.class_name),
    )


def _path(fit: Fit, plane: Plane, class_name: str) -> dict[str, Any]:
    """What a trajectory has of a fit."""
    mean = plane.unit * fit.path.mean
    return {
        "positions": mean[:, :2],
        "velocities": mean[:, 2:4],
        "headings": fit.headings,
        "accelerations": mean[:, 4:],
        "length": float(plane.unit * fit.sizes[0]),
        "width": float(plane.unit * fit.sizes[1]),
        "metre": float(plane.metre or fit.sizes[0] / picture_length(class_name)),
    }


@dataclass(frozen=True)
class _BoxDraws:
    """Makes a trajectory's draws from its boxes: the fit behind them takes too much room to keep.

    Attributes:
        plane: where the trajectory was measured.
        streets: what it was fitted with.
        start: of its random numbers.
    """

    plane: Plane
    streets: Streets | None
    start: Start

    def __call__(self, trajectory: Trajectory) -> Draws:
        fit = _fit(self.plane, trajectory, self.streets)
        return draws_of_fit(fit, self.plane, self.start.generator())


_draws = Kept(
    lambda trajectory: trajectory.draw(trajectory),
    lambda draws: draws.deviations.shape[1],
    DRAWN_MOMENTS,
)
