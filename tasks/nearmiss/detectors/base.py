"""What every detector gives back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tasks.nearmiss.classes import CLASSES


@dataclass(frozen=True, slots=True)
class Detections:
    """The road users found in one picture, best first.

    Attributes:
        boxes: n x 4, x1 y1 x2 y2 in source pixels, inside the picture.
        confidences: n, 0 to 1.
        class_ids: n, positions in `CLASSES`.
    """

    boxes: np.ndarray
    confidences: np.ndarray
    class_ids: np.ndarray

    @classmethod
    def none(cls) -> "Detections":
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.boxes)

    def class_names(self) -> list[str]:
        return [CLASSES[index] for index in self.class_ids]


class Detector(Protocol):
    """Finds road users in a picture. Some keep state: give them frames in order."""

    classes_are_guesses: bool

    def detect(self, image: np.ndarray, conf_threshold: float) -> Detections:
        """Find road users.

        Args:
            image: height x width x 3, BGR uint8.
            conf_threshold: smallest confidence to return.
        """
        ...

    def detect_all(
        self, images: Iterable[np.ndarray], conf_threshold: float
    ) -> Iterator[Detections]:
        """Find road users in pictures, in their order, maybe with a few in work ahead.

        The pictures may be taken from another thread than the caller's, before their turn.
        Closing the generator ends what is in work.
        """
        ...
