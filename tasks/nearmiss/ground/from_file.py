"""Read a user's calibration: points with their metres, or a matrix, as YAML.

    name: north corner                       # optional, as is `note`
    units: m                                 # or cm, ft
    points:                                  # at least four, no three of four on a line
      - {image: [412, 388], ground: [0, 0]}
      - ...

or, from pixels to metres,

    matrix: [[...], [...], [...]]

All of the user's points count: none is thrown out as an outlier.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from tasks.errors import BadInput
from tasks.nearmiss.ground.plane import Floats, GroundPlane

METRES = {"m": 1.0, "cm": 0.01, "ft": 0.3048}
CLICK_SD_PX = 1.0  # nobody places a point by hand more exactly than this
DRAWS = 100
MAX_BYTES = 1_000_000
# Width of a set of points across its longest direction, below which it counts as a line.
LINE_SHARE = 0.01
# Root mean square reprojection error, as a share of the picture's diagonal, that is no clicking
# error any more: 19 px in a picture of 768 x 576.
MAX_REPROJECTION_SHARE = 0.02
MAX_CONDITION = 1e8

Pair = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]
Triple = Annotated[list[FiniteFloat], Field(min_length=3, max_length=3)]


class CalibrationPoint(BaseModel):
    """A place in the picture, in pixels, and the same place on the ground, in `units`."""

    model_config = ConfigDict(extra="forbid")

    image: Pair
    ground: Pair


class CalibrationFile(BaseModel):
    """The content of a calibration file: either `points` with `units`, or `matrix`."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    note: str | None = None
    units: Literal["m", "cm", "ft"] | None = None
    points: list[CalibrationPoint] | None = None
    matrix: Annotated[list[Triple], Field(min_length=3, max_length=3)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "CalibrationFile":
        if (self.points is None) == (self.matrix is None):
            raise ValueError("give either points or a matrix, and not both")
        if self.points is not None and self.units is None:
            raise ValueError("units of the ground coordinates are missing (m, cm or ft)")
        if self.matrix is not None and self.units not in (None, "m"):
            raise ValueError("a matrix gives metres; leave units out")
        if self.points is not None and len(self.points) < 4:
            raise ValueError(f"at least four points are needed, got {len(self.points)}")
        return self


def load_calibration(path: Path, picture_size: tuple[int, int]) -> GroundPlane:
    """Read and check a calibration file (see the module's text for its form).

    Args:
        path: YAML, which JSON is too.
        picture_size: width and height of the video's picture in pixels.

    Raises:
        BadInput: one sentence on what is wrong with the file, its points or the fit.
    """
    content = read_calibration(path)
    try:
        if content.matrix is not None:
            plane = plane_from_matrix(np.array(content.matrix), picture_size)
        else:
            image = np.array([point.image for point in content.points])
            ground = np.array([point.ground for point in content.points])
            plane = plane_from_points(image, ground * METRES[content.units], picture_size)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    return replace(plane, name=content.name, note=content.note)


def plane_from_points(image: Floats, ground: Floats, picture_size: tuple[int, int]) -> GroundPlane:
    """Fit the plane to points by least squares of the reprojection error in the picture.

    The direct linear transform on normalised points, refined by Levenberg-Marquardt (Hartley and
    Zisserman 2004, chapter 4; `cv2.findHomography` without outlier rejection). Its own error
    comes from refitting with the clicks displaced at random by what the residuals show, or by
    CLICK_SD_PX where that is more.

    Args:
        image: n x 2 pixels, n >= 4.
        ground: n x 2 metres.
        picture_size: width and height in pixels.

    Raises:
        BadInput: one sentence on the points.
    """
    _check_points(image, ground, picture_size)
    matrix = _fit(image, ground)
    if matrix is None:
        raise BadInput("no ground plane fits the points; check their order.")
    depths = np.column_stack([image, np.ones(len(image))]) @ matrix[2]
    if abs(np.sign(depths).sum()) < len(image):
        raise BadInput(
            "the horizon of the fitted plane cuts through the points, which no camera can see; "
            "are two of them swapped?"
        )
    plane = GroundPlane(matrix, picture_size, image, ground, basis="measured points")
    errors = plane.reprojection_px()
    rms, limit = np.sqrt(np.mean(errors**2)), MAX_REPROJECTION_SHARE * np.hypot(*picture_size)
    if not rms <= limit:
        raise BadInput(
            f"the points do not fit one plane: reprojection error {rms:.0f} px, most at point "
            f"{int(np.argmax(errors)) + 1} with {errors.max():.0f} px."
        )
    return replace(plane, draws=_refits(image, ground, errors))


def plane_from_matrix(matrix: Floats, picture_size: tuple[int, int]) -> GroundPlane:
    """Take a given 3 x 3 matrix from pixels to metres.

    Raises:
        BadInput: the matrix is singular, or sees no ground at the picture's lower edge.
    """
    width, height = picture_size
    lower_edge = np.array([width / 2, height, 1.0])
    depth = matrix[2] @ lower_edge
    if not np.isfinite(matrix).all():
        raise BadInput("the matrix holds a number that is not finite.")
    if abs(depth) <= 1e-9 * np.abs(matrix[2] * lower_edge).max():
        raise BadInput("the matrix puts the horizon at the lower edge of the picture.")
    # Judged free of units and of where the origin lies: pixels as shares of the picture, ground
    # relative to the lower edge's middle, rows of length one.
    scaled = matrix @ np.diag([width, height, 1.0])
    scaled[:2] -= np.outer(matrix[:2] @ lower_edge / depth, scaled[2])
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    if not lengths.all() or np.linalg.cond(scaled / lengths) > MAX_CONDITION:
        raise BadInput("the matrix is singular: it maps the picture onto a line or a point.")
    return GroundPlane(matrix, picture_size)


def read_calibration(path: Path) -> CalibrationFile:
    """The content of a calibration file, its form checked and not yet its points.

    Raises:
        BadInput: it is not there, or not of this form.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path}: is too large for a calibration file.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise BadInput(f"{path}: is not valid YAML{line}.") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}: must hold `points` and `units`, or a `matrix`.")
    try:
        return CalibrationFile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(
            str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"]
        )
        message = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{path}: {where + ': ' if where else ''}{message}.") from error


def _check_points(image: Floats, ground: Floats, picture_size: tuple[int, int]) -> None:
    for values in (image, ground):
        if values.shape != (len(image), 2) or not np.isfinite(values).all():
            raise BadInput("every point needs two finite image and two finite ground coordinates.")
    if len(image) < 4:
        raise BadInput(f"at least four points are needed, got {len(image)}.")
    outside = ((image < 0) | (image > picture_size)).any(axis=1)
    if outside.any():
        first = int(np.argmax(outside))
        raise BadInput(
            f"point {first + 1} at ({image[first, 0]:g}, {image[first, 1]:g}) is outside the "
            f"picture of {picture_size[0]} x {picture_size[1]} pixels."
        )
    for kind, values in (("image", image), ("ground", ground)):
        _, first, counts = np.unique(values, axis=0, return_index=True, return_counts=True)
        if (counts > 1).any():
            again = int(first[np.argmax(counts)])
            raise BadInput(f"point {again + 1} has the same {kind} coordinates as another one.")
        if _on_a_line(values):
            raise BadInput(f"the {kind} coordinates lie on one line; spread the points.")
        # Four points in general position exist exactly if no line takes all but one of them.
        for left_out in range(len(values)):
            if _on_a_line(np.delete(values, left_out, axis=0)):
                raise BadInput(
                    f"all {kind} coordinates but those of point {left_out + 1} lie on one line; "
                    "add points off that line."
                )


def _on_a_line(points: Floats) -> bool:
    long, short = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(short < LINE_SHARE * long)


def _fit(image: Floats, ground: Floats) -> Floats | None:
    """3 x 3 from pixels to metres, with the residuals least in the picture; None if none."""
    middle = ground.mean(axis=0)  # map coordinates are millions of metres from their origin
    ground_to_image, _ = cv2.findHomography(ground - middle, image, method=0)
    if ground_to_image is None or not np.isfinite(ground_to_image).all():
        return None
    if not abs(np.linalg.det(ground_to_image)) > 0:
        return None
    back = np.array([[1, 0, middle[0]], [0, 1, middle[1]], [0, 0, 1.0]])
    return back @ np.linalg.inv(ground_to_image)


def _refits(image: Floats, ground: Floats, errors: Floats) -> Floats:
    """DRAWS x 3 x 3: the plane with the clicks displaced by their likely error."""
    spare = 2 * len(image) - 8  # a homography uses up eight of the coordinates
    sd = max(CLICK_SD_PX, np.sqrt(np.sum(errors**2) / spare)) if spare else CLICK_SD_PX
    random = np.random.default_rng(0)
    refits = [_fit(image + random.normal(0, sd, image.shape), ground) for _ in range(DRAWS)]
    return np.array([refit for refit in refits if refit is not None]).reshape(-1, 3, 3)
