"""Trajectories of tracks that are given as places, in metres or pixels, without any box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.ground.sizes import TYPICAL_SIZES
from tasks.nearmiss.interactions.draws import DRAWS, Draws, Start, Stream
from tasks.nearmiss.interactions.footprints import CHORD_SHARE, chord_headings
from tasks.nearmiss.interactions.road_users import MOTION
from tasks.nearmiss.interactions.smoother import STATE, Smoothed, smooth
from tasks.nearmiss.interactions.trajectories import LONGEST_GAP_SEC, Trajectory, forward_rows

Floats = NDArray[np.float64]
METRE_PX = 15.0  # pixels in a metre where no length tells; a guess
LEAST_JITTER_M = 0.02


def from_points(tracks: pd.DataFrame, units: str, *, seed: int = 0) -> list[Trajectory]:
    """Trajectories of tracks that are already places on a plane.

    Args:
        tracks: frame_index, timestamp_sec, track_id, class, x, y (middle of the footprint), and
            perhaps length, width, heading_deg (anticlockwise from x), confidence; rows that are
            not finite are passed over. vx and vy are not needed: velocities come from smoothing.
        units: "m" or "px".
        seed: of the draws of errors.

    Raises:
        ValueError: a column is missing, or units are neither.
    """
    if units not in ("m", "px"):
        raise ValueError(f"Units must be m or px, not {units!r}.")
    needed = ["frame_index", "timestamp_sec", "track_id", "class", "x", "y"]
    missing = [name for name in needed if name not in tracks]
    if missing:
        raise ValueError(f"The tracks lack the columns {', '.join(missing)}.")
    good = np.isfinite(tracks[["timestamp_sec", "x", "y"]].to_numpy(float)).all(axis=1)
    good &= tracks["class"].astype(str).isin(TYPICAL_SIZES).to_numpy()
    rows = tracks[good].sort_values(["track_id", "frame_index"], kind="stable")
    rows = forward_rows(rows.drop_duplicates(["track_id", "frame_index"]))
    stream = Stream(seed)
    return [
        _trajectory(int(track_id), piece, units, stream)
        for track_id, track in rows.groupby("track_id", sort=True)
        for _, piece in track.groupby(
            (track["timestamp_sec"].diff() > LONGEST_GAP_SEC).cumsum(), sort=True
        )
    ]


def _trajectory(track_id: int, rows: pd.DataFrame, units: str, stream: Stream) -> Trajectory:
    class_name = str(rows["class"].astype(str).mode().iloc[0])
    typical = TYPICAL_SIZES[class_name]
    given = _median(rows, "length"), _median(rows, "width")
    metre = 1.0
    if units == "px":
        metre = given[0] / typical[0] if given[0] else METRE_PX
    length, width = (own or metre * size for own, size in zip(given, typical, strict=False))
    times = rows["timestamp_sec"].to_numpy(float)
    places = rows[["x", "y"]].to_numpy(float)
    path = _smoothed(times, places, class_name, metre)
    start = stream.pass_over(DRAWS * STATE * len(times))
    confidences = rows["confidence"].to_numpy(float) if "confidence" in rows else np.ones(len(rows))
    return Trajectory(
        track_id=track_id,
        class_name=class_name,
        frames=rows["frame_index"].to_numpy(np.int64),
        times=times,
        positions=path.mean[:, :2],
        velocities=path.mean[:, 2:4],
        headings=_headings(rows, path.mean / metre, times, typical[0]),
        accelerations=path.mean[:, 4:],
        length=float(length),
        width=float(width),
        confidences=confidences,
        observed=np.ones(len(rows), dtype=bool),
        units=units,
        boxes=np.full((len(rows), 4), np.nan),
        metre=float(metre),
        source_ids=rows["track_id"].to_numpy(np.int64),
        draw=_PointDraws(places, start),
    )


def _smoothed(times: Floats, places: Floats, class_name: str, metre: float) -> Smoothed:
    jitter = _jitter(places, metre)
    motion = MOTION[class_name]
    return smooth(
        times,
        np.broadcast_to(np.eye(2) / jitter**2, (len(times), 2, 2)),
        places / jitter**2,
        motion.jerk * metre,
        motion.speed * metre,
        motion.acceleration * metre,
    )


@dataclass(frozen=True)
class _PointDraws:
    """Makes a trajectory's draws from its places (n, 2) as they were given."""

    places: Floats
    start: Start

    def __call__(self, trajectory: Trajectory) -> Draws:
        path = _smoothed(trajectory.times, self.places, trajectory.class_name, trajectory.metre)
        deviations = path.draws(DRAWS, self.start.generator())
        return Draws(
            position_sd=np.sqrt((deviations[:, :, :2] ** 2).mean(axis=(0, 2))),
            deviations=deviations,
            sizes=np.tile([trajectory.length, trajectory.width], (DRAWS, 1)),
            stretch=np.ones(DRAWS),
        )


def _median(rows: pd.DataFrame, column: str) -> float | None:
    """Median of a size, or None where it is not given or not above 0."""
    if column not in rows:
        return None
    value = float(rows[column].median())
    return value if np.isfinite(value) and value > 0 else None


def _jitter(places: Floats, metre: float) -> float:
    """Standard deviation of a place by third differences, which a smooth path hardly has."""
    least = LEAST_JITTER_M * metre
    if len(places) < 5:
        return least
    third = np.abs(np.diff(places, n=3, axis=0)) / np.sqrt(20.0)
    return max(least, 1.4826 * float(np.median(third)))


def _headings(rows: pd.DataFrame, states: Floats, times: Floats, length: float) -> Floats:
    """Headings (n, 2) as given, else by the way; along x for one that never moves."""
    if "heading_deg" in rows and np.isfinite(rows["heading_deg"].to_numpy(float)).all():
        angles = np.radians(rows["heading_deg"].to_numpy(float))
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    chord = max(2.0, CHORD_SHARE * length)
    return chord_headings(states[:, :2], states[:, 2:4], times, chord)[0]
