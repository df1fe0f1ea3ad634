"""How a picture is fitted into the network's input: scaled, padded only to the model's stride."""

from dataclasses import dataclass

import cv2
import numpy as np

MODEL_STRIDE = 32
PADDING_GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The fit of one picture size into one input size.

    Attributes:
        picture: height and width of the source.
        inner: height and width of the scaled picture.
        padding: top, bottom, left, right, in network pixels.
        scale: network pixels a source pixel.
    """

    picture: tuple[int, int]
    inner: tuple[int, int]
    padding: tuple[int, int, int, int]
    scale: float

    @classmethod
    def of(cls, picture: tuple[int, int], imgsz: int) -> "Letterbox":
        """
        Args:
            picture: height and width of the source.
            imgsz: length of the longer side after scaling.
        """
        scale = imgsz / max(picture)
        height, width = (round(side * scale) for side in picture)
        pad_x, pad_y = (-width) % MODEL_STRIDE / 2, (-height) % MODEL_STRIDE / 2
        top, left = round(pad_y - 0.1), round(pad_x - 0.1)
        bottom, right = round(pad_y + 0.1), round(pad_x + 0.1)
        return cls(tuple(picture), (height, width), (top, bottom, left, right), scale)

    @property
    def offset(self) -> tuple[int, int]:
        """Padding left and on top, in network pixels."""
        top, _, left, _ = self.padding
        return left, top

    @property
    def network(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        top, bottom, left, right = self.padding
        return self.inner[0] + top + bottom, self.inner[1] + left + right

    def fit(self, image: np.ndarray) -> np.ndarray:
        """The picture scaled and padded: height x width x 3, BGR uint8 as before.

        Raises:
            ValueError: the picture has another size.
        """
        if image.shape != (*self.picture, 3):
            raise ValueError(f"a picture of {image.shape} where {(*self.picture, 3)} was agreed")
        if self.inner != self.picture:
            image = cv2.resize(image, self.inner[::-1], interpolation=cv2.INTER_LINEAR)
        grey = (PADDING_GREY,) * 3
        return cv2.copyMakeBorder(image, *self.padding, cv2.BORDER_CONSTANT, value=grey)

    def planes(self, image: np.ndarray) -> np.ndarray:
        """The network's input: 1 x 3 x height x width, float32 RGB in 0..1."""
        planes = self.fit(image)[:, :, ::-1].transpose(2, 0, 1)
        return np.ascontiguousarray(planes, np.float32)[None] / 255
