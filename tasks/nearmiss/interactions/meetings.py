"""From the tracks of a video to two tables: near-misses, and rejected candidates with reasons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tasks.nearmiss.ground.from_file import load_calibration
from tasks.nearmiss.ground.from_sizes import CannotCalibrate, calibrate_from_sizes, straighten
from tasks.nearmiss.ground.plane import GroundPlane
from tasks.nearmiss.interactions.filters import (
    FILTERS,
    REJECTED_COLUMNS,
    Surroundings,
    apply_filters,
)
from tasks.nearmiss.interactions.plane import Plane, in_pixels
from tasks.nearmiss.interactions.points import from_points
from tasks.nearmiss.interactions.presets import PRESETS
from tasks.nearmiss.interactions.risk import is_serious
from tasks.nearmiss.interactions.table import each_candidate, interactions_table
from tasks.nearmiss.interactions.trajectories import Trajectory, from_boxes
from tasks.nearmiss.scoring import SCORE_DECIMALS

AUTO = "auto"


@dataclass(frozen=True)
class Scale:
    """On which plane road users are measured.

    Attributes:
        plane: the plane.
        description: a sentence for the report.
        warning: what a reader has to know, or "".
    """

    plane: Plane
    description: str
    warning: str = ""


def scale_for(
    tracks: pd.DataFrame, picture: tuple[int, int], calibration: str | Path | None
) -> Scale:
    """The plane to measure on.

    Args:
        tracks: of the video, in pixels.
        picture: width and height in pixels.
        calibration: a file, "auto" for the known sizes of road users, or None for pixels.

    Raises:
        BadInput: the file cannot be used.
    """
    if calibration is None:
        return _pixels(tracks, picture)
    if calibration != AUTO:
        return _ground(load_calibration(Path(calibration), picture), picture)
    try:
        return _ground(calibrate_from_sizes(tracks, picture), picture)
    except CannotCalibrate as reason:
        warning = f"--calibration auto was not possible: {reason} Measured in pixels."
        return replace(_pixels(tracks, picture), warning=warning)


def find_interactions(
    trajectories: list[Trajectory],
    *,
    preset: str,
    thresholds: Mapping[str, float],
    disabled_filters: Collection[str],
    pedestrian_pairs: bool,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Near-misses among all pairs of road users.

    Args:
        trajectories: on the scale's plane.
        preset: a name of PRESETS.
        thresholds: fields of Parameters that differ from the preset's.
        disabled_filters: names of FILTERS that are not asked.
        pedestrian_pairs: whether two pedestrians can be a near-miss.

    Returns:
        Kept interactions (INTERACTION_COLUMNS and `serious`), and rejected candidates (the same
        with `filter` and `reason`), the riskiest first. An id is made of the worst frame and the
        two tracks, so that it stays the same from run to run.
    """
    chosen = PRESETS[preset]
    parameters = replace(chosen.parameters, pedestrian_pairs=pedestrian_pairs, **thresholds)
    candidates = each_candidate(trajectories, parameters)
    names = [name for name in FILTERS if name in chosen.filters and name not in disabled_filters]
    kept, rejected = apply_filters(candidates, Surroundings.of(trajectories), parameters, names)
    table = _identified(interactions_table(kept))
    table["serious"] = is_serious(table["score_low"], table["units"])
    return table, _identified(rejected)[["interaction_id", *REJECTED_COLUMNS]]


def trajectories_of_boxes(tracks: pd.DataFrame, scale: Scale) -> list[Trajectory]:
    """Smoothed trajectories of tracked boxes, in pixels, on the scale's plane."""
    return from_boxes(tracks, scale.plane)


def measured_input(tracks: pd.DataFrame, units: str) -> tuple[list[Trajectory], Scale]:
    """Trajectories and scale of tracks that were given without a video.

    Boxes in pixels are taken as those of a video whose picture they just fill; anything else as
    places on a plane.

    Args:
        tracks: of `tracks_input.read_tracks`.
        units: "m" or "px".
    """
    box = ["x1", "y1", "x2", "y2"]
    if units == "px" and set(box) <= set(tracks.columns) and tracks[box].notna().all(axis=None):
        picture = (int(tracks["x2"].max()) + 1, int(tracks["y2"].max()) + 1)
        scale = _pixels(tracks, picture)
        return trajectories_of_boxes(tracks, scale), scale
    if units == "m":
        return from_points(tracks, units), Scale(Plane(units="m"), "Measured in metres, as given.")
    return from_points(tracks, units), Scale(
        Plane.of_picture(), "Not calibrated: measured in the pixels that were given."
    )


def straightened_picture(tracks: pd.DataFrame, picture: tuple[int, int]) -> Plane:
    """The picture with its perspective taken out as the sizes of road users tell it, in pixels;
    the bare picture where there are too few."""
    guessed = straighten(tracks, picture)
    if guessed is None:
        return Plane.of_picture(picture)
    return in_pixels(plane_of_ground(guessed, picture), tracks)


def _pixels(tracks: pd.DataFrame, picture: tuple[int, int]) -> Scale:
    plane = straightened_picture(tracks, picture)
    if plane.homography is None:
        return Scale(
            plane,
            "Not calibrated: measured in the picture's pixels, with no correction for perspective.",
        )
    return Scale(
        plane,
        "Not calibrated: measured in pixels. Perspective is straightened by the usual sizes of "
        "road users, which is rough.",
    )


def plane_of_ground(ground: GroundPlane, picture: tuple[int, int]) -> Plane:
    """The plane of a calibration, with the error of the calibration as `Plane.draws`."""
    return Plane.of_ground(
        ground.image_to_ground, picture, approximate=ground.approximate, draws=ground.draws
    )


def _ground(ground: GroundPlane, picture: tuple[int, int]) -> Scale:
    return Scale(plane_of_ground(ground, picture), ground.describe())


def _identified(table: pd.DataFrame) -> pd.DataFrame:
    table = table.round(SCORE_DECIMALS)
    table["interaction_id"] = [
        f"f{row.worst_frame}-{row.track_id_1}-{row.track_id_2}" for row in table.itertuples()
    ]
    repeated = table.groupby("interaction_id").cumcount()
    table["interaction_id"] += repeated.map(lambda n: f"-{n + 1}" if n else "")
    return table
