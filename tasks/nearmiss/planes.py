"""Pictures as video holds them: brightness, and two planes of colour at half the size (4:2:0).

Drawing on the planes spares every frame two conversions, from YUV to BGR and back.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        for plane, value, shrink in self._with(color):
            at = (origin[0] // shrink, origin[1] // shrink)
            stroke = _thin(thickness, shrink)
            cv2.putText(plane, text, at, font, scale / shrink, value, stroke, cv2.LINE_AA)

    def _with(self, color: tuple) -> list[tuple[Plane, int, int]]:
        """Each plane with the colour's value there, and how much smaller it is."""
        y, u, v = to_yuv(color)
        return [(self.y, y, 1), (self.u, u, 2), (self.v, v, 2)]


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
