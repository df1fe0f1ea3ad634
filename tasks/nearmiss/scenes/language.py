"""The scene language: a traffic scene in a short YAML file, checked on reading.

Ground coordinates are metres, x to the right and y away from a camera with pan 0; times are
seconds from the scene's start; speeds are m/s.  Angles are degrees: headings run anticlockwise
from the x axis, the camera's pan runs clockwise from the y axis, its tilt runs down from the
horizon (90 looks straight down).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks.nearmiss.scenes.paths import motion_of

UserClass = Literal["car", "truck", "bus", "motorcycle", "bicycle", "person"]
Degradation = Literal["none", "moderate", "strong"]
Kind = Literal[
    "crossing",
    "rear-end",
    "head-on",
    "merging",
    "lane-change",
    "turning",
    "roundabout",
    "pedestrian",
    "rider",
    "parked",
    "convoy",
    "queue",
    "opposite-lanes",
    "overtaking",
    "waiting",
    "bus-stop",
    "pedestrian-group",
]

# length, width, height in metres.  A bicycle's or motorcycle's height is the machine alone:
# its rider is a part of its own (see observe.py).
DEFAULT_SIZES: dict[str, tuple[float, float, float]] = {
    "car": (4.4, 1.8, 1.5),
    "truck": (8.5, 2.5, 3.4),
    "bus": (12.0, 2.55, 3.1),
    "motorcycle": (2.1, 0.8, 1.2),
    "bicycle": (1.8, 0.6, 1.1),
    "person": (0.5, 0.5, 1.75),
}

# What a scene's `degradation` puts in `observation` where the scene does not say otherwise.
DEGRADATION_DEFAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "moderate": {"jitter_px": 2.0, "miss_rate": 0.05, "occlusion": True},
    "strong": {
        "jitter_px": 2.5,
        "jitter_share": 0.03,
        "miss_rate": 0.12,
        "miss_burst": 5.0,
        "occlusion": True,
        "switches": 1,
    },
}

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class SceneError(ValueError):
    """A scene file that cannot be used; the message is one sentence naming file and place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class RoadUser(_Strict):
    """One road user: its class, its size and how it moves.

    It moves along `path` at `speed`, or through `timed` waypoints, or stands at a `path` of one
    point.  The position is the centre of its ground rectangle.
    """

    id: Annotated[str, Field(min_length=1)]
    user_class: UserClass = Field(alias="class")
    length: Positive | None = None
    width: Positive | None = None
    height: Positive | None = None
    path: list[tuple[Finite, Finite]] | None = None
    smooth: Literal["arcs", "cubic"] = "arcs"
    corner_radius: Positive = 6.0
    speed: NotNegative | list[tuple[NotNegative, NotNegative]] = 0.0
    timed: list[tuple[NotNegative, Finite, Finite]] | None = None
    heading: Finite | None = None
    enters: NotNegative = 0.0
    leaves: Positive | None = None
    rider: bool = True
    passengers: Annotated[int, Field(ge=0, le=6)] = 0
    duplicate: bool = False

    @model_validator(mode="after")
    def _check_motion(self) -> RoadUser:
        if (self.path is None) == (self.timed is None):
            raise ValueError(f"road user '{self.id}' needs either path or timed, and not both")
        if self.path is not None:
            _check_path(self.id, self.path, self.speed)
        else:
            _check_timed(self.id, self.timed or [])
        if self.passengers and self.user_class != "bus":
            raise ValueError(f"road user '{self.id}' has passengers but is no bus")
        if self.leaves is not None and self.leaves <= self.enters:
            raise ValueError(f"road user '{self.id}' leaves before it enters")
        return self

    @property
    def size(self) -> tuple[float, float, float]:
        """Length, width, height in metres, the class's defaults where the scene gives none."""
        length, width, height = DEFAULT_SIZES[self.user_class]
        return (self.length or length, self.width or width, self.height or height)


def _check_path(
    user_id: str,
    path: list[tuple[float, float]],
    speed: float | list[tuple[float, float]],
) -> None:
    if not path:
        raise ValueError(f"road user '{user_id}' has an empty path")
    if any(first == second for first, second in pairwise(path)):
        raise ValueError(f"road user '{user_id}' has the same waypoint twice in a row")
    if isinstance(speed, list):
        times = [time for time, _ in speed]
        if not times or any(b <= a for a, b in pairwise(times)):
            raise ValueError(f"road user '{user_id}' needs speed times that increase")
    if len(path) == 1 and speed != 0:
        raise ValueError(f"road user '{user_id}' has a speed but a path of one waypoint")


def _check_timed(user_id: str, timed: list[tuple[float, float, float]]) -> None:
    times = [time for time, _, _ in timed]
    if len(times) < 2 or any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"road user '{user_id}' needs two or more timed waypoints that increase")


class Occluder(_Strict):
    """A static box standing on the ground that hides what is behind it."""

    position: tuple[Finite, Finite]
    length: Positive
    width: Positive
    height: Positive
    heading: Finite = 0.0


class Camera(_Strict):
    """A pinhole camera; give either `focal_px` or `fov_deg` (the horizontal field of view)."""

    position: tuple[Finite, Finite] = (0.0, 0.0)
    height: Positive
    tilt: Annotated[float, Field(gt=0, le=90)]
    pan: Finite = 0.0
    focal_px: Positive | None = None
    fov_deg: Annotated[float, Field(gt=1, lt=170)] | None = None
    picture: tuple[Annotated[int, Field(ge=64)], Annotated[int, Field(ge=64)]] = (1280, 720)

    @model_validator(mode="after")
    def _check_lens(self) -> Camera:
        if (self.focal_px is None) == (self.fov_deg is None):
            raise ValueError("camera needs either focal_px or fov_deg, and not both")
        return self


class Confidence(_Strict):
    """The confidence a detection gets: mean less its losses, plus Gaussian noise of `spread`."""

    mean: Share = 0.88
    spread: NotNegative = 0.04
    covered_loss: Share = 0.4
    small_loss: Share = 0.2


class Observation(_Strict):
    """How the camera's detector and tracker see the scene.

    jitter_px and jitter_share (of the box's width or height) are standard deviations of each
    box edge, added in quadrature.  miss_rate is the share of boxes missing, in bursts of
    miss_burst observations on average.  A track unseen for longer than lost_after_sec goes on
    under a new id.  switches tracks get a new id at a random moment; swaps pairs of tracks of
    one class exchange ids where they pass closest.
    """

    fps: Annotated[float, Field(ge=5, le=60)] = 25.0
    stride: Annotated[int, Field(ge=1, le=4)] = 1
    jitter_px: NotNegative = 0.0
    jitter_share: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    jitter_memory_sec: Positive = 0.12
    miss_rate: Annotated[float, Field(ge=0, le=0.8)] = 0.0
    miss_burst: Annotated[float, Field(ge=1)] = 3.0
    occlusion: bool = False
    lost_after_sec: Positive = 1.5
    switches: Annotated[int, Field(ge=0)] = 0
    swaps: Annotated[int, Field(ge=0)] = 0
    confidence: Confidence = Confidence()


class Scene(_Strict):
    """A whole scene. `near_misses` are the pairs the story means; the truth finds its own."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    kind: Kind
    seed: Annotated[int, Field(ge=0)]
    duration: Annotated[float, Field(gt=0, le=120)]
    degradation: Degradation = "none"
    near_misses: list[tuple[str, str]] = []
    camera: Camera
    observation: Observation
    users: Annotated[list[RoadUser], Field(min_length=1)]
    occluders: list[Occluder] = []

    @model_validator(mode="before")
    @classmethod
    def _apply_degradation(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("observation", {}), dict):
            return data
        defaults = DEGRADATION_DEFAULTS.get(str(data.get("degradation", "none")), {})
        return {**data, "observation": {**defaults, **data.get("observation", {})}}

    @model_validator(mode="after")
    def _check_ids(self) -> Scene:
        ids = [user.id for user in self.users]
        doubled = sorted({user_id for user_id in ids if ids.count(user_id) > 1})
        if doubled:
            raise ValueError(f"road user id '{doubled[0]}' is used twice")
        for pair in self.near_misses:
            unknown = [user_id for user_id in pair if user_id not in ids]
            if unknown:
                raise ValueError(f"near_misses names '{unknown[0]}', which is no road user")
        return self


def load_scene(path: str | Path) -> Scene:
    """Read one scene file.

    Raises SceneError, with one sentence, if the file cannot be read, is no YAML mapping, has an
    unknown key or a bad value, or asks for a path that cannot be driven (a turn too tight).
    """
    path = Path(path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path.name}: the scene file cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        raise SceneError(f"{path.name}: not valid YAML ({_one_line(error)}).") from error
    if not isinstance(data, dict):
        raise SceneError(f"{path.name}: a scene file must hold one mapping of keys to values.")
    return parse_scene(data, path.name)


def parse_scene(data: dict[str, Any], source: str = "scene") -> Scene:
    """Check a scene given as plain data; `source` names it in the SceneError raised if bad."""
    try:
        scene = Scene.model_validate(data)
    except ValidationError as error:
        raise SceneError(f"{source}: {_first_complaint(error)}.") from error
    for user in scene.users:
        try:
            motion_of(user, scene.duration)
        except ValueError as error:
            raise SceneError(f"{source}: road user '{user.id}': {error}.") from error
    return scene


def _first_complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key '{place}'"
    if first["type"] == "missing":
        return f"key '{place}' is missing"
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{place}: {message}" if place else message


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
