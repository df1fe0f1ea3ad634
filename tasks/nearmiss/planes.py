"""Pictures as video holds them: brightness, and two planes of colour at half the size (4:2:0).

Drawing on the planes spares every frame two conversions, from YUV to BGR and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture in YUV 4:2:0.

    Attributes:
        y: height x width; both even.
        u, v: height / 2 x width / 2.
        color_space, color_range: how the source says that its colours are coded (FFmpeg's
            AVColorSpace and AVColorRange), for whoever writes the picture again.
    """

    y: Plane
    u: Plane
    v: Plane
    color_space: int
    color_range: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.y.shape

    def packed(self) -> Plane:
        """The three planes one behind the other, 1.5 x height rows of the width."""
        planes = [plane.reshape(-1) for plane in (self.y, self.u, self.v)]
        return np.concatenate(planes).reshape(-1, self.y.shape[1])

    def turned(self, quarter_turns: int) -> Planes:
        """Turned against the clock by a quarter so many times."""
        y, u, v = (
            np.ascontiguousarray(np.rot90(plane, quarter_turns))
            for plane in (self.y, self.u, self.v)
        )
        return Planes(y, u, v, self.color_space, self.color_range)

    def rectangle(
        self, corner: tuple[int, int], opposite: tuple[int, int], color: tuple, thickness: int
    ) -> None:
        """As `cv2.rectangle`, with a BGR colour."""
        for plane, value, shrink in self._with(color):
            ends = [(x // shrink, y // shrink) for x, y in (corner, opposite)]
            cv2.rectangle(plane, *ends, value, _thin(thickness, shrink))

    def text(
        self, text: str, origin: tuple[int, int], font: int, scale: float, color: tuple,
        thickness: int,
    ) -> None:  # fmt: skip
        """As `cv2.putText` with smooth lines, with a BGR colour."""
        mask, (left, up) = _text_mask(text, font, scale, thickness)
        # On even pixels, so that the planes of colour are met by whole ones.
        x, y = (origin[0] - left) // 2 * 2, (origin[1] - up) // 2 * 2
        for plane, value, shrink in self._with(color):
            _blend(plane, value, mask[shrink], x // shrink, y // shrink)

    def _with(self, color: tuple) -> list[tuple[Plane, int, int]]:
        """Each plane with the colour's value there, and how much smaller it is."""
        y, u, v = to_yuv(color)
        return [(self.y, y, 1), (self.u, u, 2), (self.v, v, 2)]


@lru_cache(maxsize=1024)
def _text_mask(
    text: str, font: int, scale: float, thickness: int
) -> tuple[dict[int, NDArray[np.float32]], tuple[int, int]]:
    """How much a text covers each pixel, 0 to 1, in full and half size; and where in it, from the
    left and from above, the text's origin is."""
    (width, height), base = cv2.getTextSize(text, font, scale, thickness)
    margin = thickness + 2
    rows, columns = (side + side % 2 for side in (height + base + 2 * margin, width + 2 * margin))
    mask = np.zeros((rows, columns), np.uint8)
    cv2.putText(mask, text, (margin, margin + height), font, scale, 255, thickness, cv2.LINE_AA)
    full = mask.astype(np.float32) / 255
    half = cv2.resize(full, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    return {1: full, 2: half}, (margin, margin + height)


def _blend(plane: Plane, value: int, mask: NDArray[np.float32], x: int, y: int) -> None:
    """Lay a value over a plane where the mask, with its corner at (x, y), says so."""
    top, left = max(y, 0), max(x, 0)
    under = plane[top : y + mask.shape[0], left : x + mask.shape[1]]
    if under.size:
        cover = mask[top - y :, left - x :][: under.shape[0], : under.shape[1]]
        under[:] = under + (value - under.astype(np.float32)) * cover + 0.5


def to_yuv(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """A BGR colour as Y, U, V of ITU-R BT.601 in the narrow range (Y 16 to 235)."""
    blue, green, red = (value / 255 for value in color)
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return (
        round(16 + 219 * brightness),
        round(128 + 224 * (blue - brightness) / 1.772),
        round(128 + 224 * (red - brightness) / 1.402),
    )


def _thin(thickness: int, shrink: int) -> int:
    return thickness if thickness < 0 else max(1, round(thickness / shrink))
