"""A short made scene with known truth: the input where the user names none.

Cut-outs from a picture that the ultralytics package ships move over a plain road on known
paths. One pair is a near-miss: a person crosses the road close in front of a bus.
"""

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tasks.nearmiss.encode import VideoWriter

NAME = "made_scene"
WIDTH, HEIGHT, FPS, DURATION_SEC = 1280, 720, 25, 6

ROAD = (250, 650)  # rows of the road's edges
ROAD_GREY, PAVEMENT, LINE = (105, 105, 105), (165, 175, 180), (225, 225, 225)

# Where the pictures are in bus.jpg: x1, y1, x2, y2.
BUS_SIDE = (345, 232, 715, 705)
# Outline of the bus's side within that box: roof and sill run towards a vanishing point.
BUS_OUTLINE = ((0, 2), (370, 52), (370, 440), (0, 473))
# Outlines of two people, as polygons in the picture.
PEOPLE = {
    "left": (
        (115, 413),
        (127, 400),
        (149, 403),
        (159, 424),
        (155, 460),
        (171, 469),
        (197, 523),
        (203, 587),
        (187, 613),
        (191, 693),
        (180, 700),
        (193, 773),
        (200, 853),
        (243, 873),
        (243, 891),
        (180, 899),
        (176, 873),
        (149, 773),
        (131, 707),
        (117, 700),
        (100, 787),
        (93, 847),
        (107, 887),
        (100, 901),
        (53, 891),
        (56, 867),
        (73, 853),
        (71, 773),
        (69, 700),
        (61, 667),
        (60, 587),
        (64, 520),
        (80, 483),
        (113, 460),
    ),
    "middle": (
        (264, 424),
        (273, 408),
        (296, 408),
        (308, 424),
        (305, 460),
        (320, 477),
        (341, 533),
        (344, 553),
        (320, 571),
        (327, 627),
        (336, 693),
        (340, 727),
        (304, 773),
        (287, 800),
        (296, 816),
        (280, 819),
        (291, 847),
        (287, 857),
        (260, 853),
        (256, 833),
        (267, 813),
        (244, 760),
        (243, 707),
        (227, 701),
        (237, 587),
        (235, 533),
        (247, 496),
        (273, 480),
        (267, 460),
    ),
}


@dataclass(frozen=True)
class Actor:
    """A cut-out on a straight path at constant speed.

    Attributes:
        name: what a person calls it.
        label: class that the detector should give it.
        cut_out: which picture.
        size: width, height in pixels.
        start: centre at time 0, x, y in pixels.
        velocity: pixels a second, x, y.
    """

    name: str
    label: str
    cut_out: str
    size: tuple[int, int]
    start: tuple[float, float]
    velocity: tuple[float, float]

    def center(self, time: float) -> tuple[float, float]:
        """Centre in pixels at a time in seconds."""
        return (
            self.start[0] + self.velocity[0] * time,
            self.start[1] + self.velocity[1] * time,
        )

    def box(self, time: float) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 in pixels at a time in seconds."""
        (x, y), (width, height) = self.center(time), self.size
        return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


# Sizes are in proportion: a person of 1.7 m beside a small bus 2.9 m high.
ACTORS = (
    Actor("walker on the far pavement", "person", "middle", (47, 130), (200, 140), (45, 0)),
    Actor("walker coming the other way", "person", "middle", (47, 130), (1180, 145), (-40, 0)),
    Actor("bus", "bus", "bus", (420, 220), (-345, 480), (290, 0)),
    Actor("crossing person", "person", "left", (52, 130), (905, 185), (0, 95)),
)
# The same road without a near-miss: the person is across long before, or waits at the kerb.
SCENES = {
    "crosses-close": ACTORS,
    "crosses-early": (*ACTORS[:3], replace(ACTORS[3], start=(905, 430))),
    "waits": (*ACTORS[:3], replace(ACTORS[3], velocity=(0, 0))),
}
NEAR_MISS_SCENES = {"crosses-close"}
CONFLICT = ("bus", "crossing person")


def truth() -> dict[str, Any]:
    """What happens in the scene, computed from the paths.

    Returns:
        The near-miss pair, and when and how close its centres come, in seconds and pixels.
    """
    times = np.arange(0, DURATION_SEC, 1 / 200)
    actors = {actor.name: actor for actor in ACTORS}
    first, second = (np.array([actors[name].center(time) for time in times]) for name in CONFLICT)
    distances = np.linalg.norm(first - second, axis=1)
    closest = int(distances.argmin())
    return {
        "actors": [actor.name for actor in ACTORS],
        "near_miss": {
            "actors": list(CONFLICT),
            "classes": [actors[name].label for name in CONFLICT],
            "smallest_distance_px": round(float(distances[closest]), 1),
            "time_sec": round(float(times[closest]), 2),
        },
    }


def make(path: Path, actors: tuple[Actor, ...] = ACTORS) -> None:
    """Write a scene as a video. The same file each time, byte for byte."""
    cut_outs = _cut_outs()
    sprites = {
        actor.name: cv2.resize(cut_outs[actor.cut_out], actor.size, interpolation=cv2.INTER_AREA)
        for actor in actors
    }
    background = _road()
    with VideoWriter(path, FPS, WIDTH, HEIGHT) as writer:
        for index in range(FPS * DURATION_SEC):
            time = index / FPS
            picture = background.copy()
            for actor in sorted(actors, key=lambda actor: actor.box(time)[3]):
                _paste(picture, sprites[actor.name], actor.center(time))
            writer.write(picture, time)


def _road() -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), PAVEMENT, np.uint8)
    picture[ROAD[0] : ROAD[1]] = ROAD_GREY
    middle = sum(ROAD) // 2
    for x in range(0, WIDTH, 120):
        picture[middle - 3 : middle + 3, x : x + 60] = LINE
    return picture


def _cut_outs() -> dict[str, np.ndarray]:
    """Name to BGRA picture."""
    # The folder `ultralytics.utils.ASSETS`, without importing torch for it.
    assets = Path(importlib.util.find_spec("ultralytics").origin).parent / "assets"
    photo = cv2.imread(str(assets / "bus.jpg"))
    x1, y1, x2, y2 = BUS_SIDE
    shape = np.zeros((y2 - y1, x2 - x1, 1), np.uint8)
    cv2.fillPoly(shape, [np.array(BUS_OUTLINE)], 255)
    side = np.concatenate([photo[y1:y2, x1:x2], shape], axis=2)
    # The left half of the bus stands behind people, so the right half is mirrored.
    bus = np.hstack([side[:, ::-1], side])
    return {"bus": bus, **{name: _person(photo, outline) for name, outline in PEOPLE.items()}}


def _person(photo: np.ndarray, outline: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Cut a person out of the photo along an outline, with a soft edge."""
    points = np.array(outline)
    shape = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(shape, [points], 255, cv2.LINE_AA)
    shape = cv2.GaussianBlur(shape, (5, 5), 0)
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0) + 1
    return np.dstack([photo, shape])[y1:y2, x1:x2]


def _paste(picture: np.ndarray, sprite: np.ndarray, center: tuple[float, float]) -> None:
    """Draw a BGRA picture around a centre, as far as it lies inside."""
    height, width = sprite.shape[:2]
    x, y = round(center[0] - width / 2), round(center[1] - height / 2)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, WIDTH), min(y + height, HEIGHT)
    if left >= right or top >= bottom:
        return
    shown = sprite[top - y : bottom - y, left - x : right - x].astype(np.float32)
    share = shown[:, :, 3:] / 255
    below = picture[top:bottom, left:right]
    picture[top:bottom, left:right] = (shown[:, :, :3] * share + below * (1 - share)).round()
