"""Draw on frames: boxes, labels, the alert, the clock."""

import colorsys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tasks.files import whole_or_nothing
from tasks.nearmiss.classes import VEHICLE, category_of
from tasks.nearmiss.planes import Planes

BLUE, GREEN, RED = (255, 80, 0), (0, 170, 0), (0, 0, 230)  # BGR
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX
Picture = np.ndarray | Planes
REFERENCE_HEIGHT = 720  # of the picture in which a text of scale 0.6 reads well


def draw_objects(
    image: Picture, objects: Iterable[Mapping[str, Any]], alarmed: Iterable[int] = ()
) -> None:
    """Draw boxes with id and class above them, in place.

    Args:
        image: height x width x 3, BGR uint8; or planes.
        objects: each {"class", "bbox"} and maybe "id" and "confidence".
        alarmed: ids whose boxes are red.
    """
    scale = text_scale(image)
    alarmed = set(alarmed)
    for seen in objects:
        color = BLUE if category_of(seen["class"]) == VEHICLE else GREEN
        is_alarmed = seen.get("id") in alarmed and seen.get("id") is not None
        color = RED if is_alarmed else color
        x1, y1, x2, y2 = (round(value) for value in seen["bbox"])
        thickness = max(1, round((4 if is_alarmed else 2) * scale / 0.6))
        _rectangle(image, (x1, y1), (x2, y2), color, thickness)
        put_label(image, _label(seen), (x1, y1), color, 0.75 * scale)


def put_label(
    image: Picture, text: str, corner: tuple[int, int], color: tuple[int, ...], scale: float
) -> None:
    """A white text on a coloured ground that stands on `corner` (x, y) and stays inside."""
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    x = min(max(corner[0], 0), max(image.shape[1] - width - 4, 0))
    y = max(corner[1], height + base + 2)
    _rectangle(image, (x, y - height - base - 2), (x + width + 4, y), color, cv2.FILLED)
    _text(image, text, (x + 2, y - base), scale, WHITE, 1)


def draw_alert(image: Picture, level: str) -> None:
    """The risk level in large red text at the top, in place."""
    scale = 2.2 * text_scale(image)
    text = f"{level.upper()} RISK"
    thickness = max(2, round(2.5 * scale))
    (width, height), _ = cv2.getTextSize(text, FONT, scale, thickness)
    origin = ((image.shape[1] - width) // 2, round(1.6 * height))
    _text(image, text, origin, scale, WHITE, thickness * 3)
    _text(image, text, origin, scale, RED, thickness)


def draw_clock(image: Picture, frame_index: int, time_sec: float) -> None:
    """Frame counter and MM:SS at the top left, in place."""
    text = f"frame {frame_index}  {int(time_sec // 60):02d}:{int(time_sec % 60):02d}"
    put_label(image, text, (4, 0), BLACK, text_scale(image))


def text_scale(image: Picture) -> float:
    """OpenCV font scale that reads well in a picture of this height."""
    return max(0.4, 0.6 * image.shape[0] / REFERENCE_HEIGHT)


def picture_grid(images: list[np.ndarray], columns: int, width: int = 640) -> np.ndarray:
    """Pictures side by side in rows.

    Args:
        images: one or more, all of one size, BGR uint8.
        columns: pictures a row.
        width: of each picture in the grid, in pixels.
    """
    height = round(width * images[0].shape[0] / images[0].shape[1])
    cells = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def color_of_id(object_id: int) -> tuple[float, float, float]:
    """An RGB colour (0 to 1) of its own for each id: hues a golden ratio apart."""
    return colorsys.hsv_to_rgb(object_id * 0.618033988749895 % 1, 0.85, 0.8)


def _rectangle(image: Picture, corner: tuple, opposite: tuple, color: tuple, stroke: int) -> None:
    if isinstance(image, Planes):
        image.rectangle(corner, opposite, color, stroke)
    else:
        cv2.rectangle(image, corner, opposite, color, stroke)


def _text(
    image: Picture, text: str, origin: tuple, scale: float, color: tuple, stroke: int
) -> None:
    if isinstance(image, Planes):
        image.text(text, origin, FONT, scale, color, stroke)
    else:
        cv2.putText(image, text, origin, FONT, scale, color, stroke, cv2.LINE_AA)


def _label(seen: Mapping[str, Any]) -> str:
    parts = [] if seen.get("id") is None else [f"#{seen['id']}"]
    parts.append(str(seen["class"]))
    if seen.get("id") is None and "confidence" in seen:
        parts.append(f"{seen['confidence']:.2f}")
    return " ".join(parts)


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture, height x width x 3, BGR uint8, whole or not at all."""
    with whole_or_nothing(path) as temporary:
        cv2.imwrite(str(temporary), image)
