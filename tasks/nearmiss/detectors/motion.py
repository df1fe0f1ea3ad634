"""Background subtraction: finds what moves where no weights can be had, and guesses what it is."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from tasks.nearmiss.classes import CLASSES
from tasks.nearmiss.detectors.base import Detections

HISTORY_FRAMES = 200
SHADOW_VALUE = 127
# Shares of the picture's area. Smaller is noise, larger is light or a moving camera.
MIN_AREA, MAX_AREA = 0.0005, 0.4
LARGE_VEHICLE_AREA = 0.06
# A standing person's box is at least this much taller than it is wide.
PERSON_ASPECT = 1.4


class MotionDetector:
    """OpenCV's Gaussian-mixture background model (Zivkovic 2004); give it frames in order.

    A confidence is the share of the box that moves, which says how compact the blob is and
    nothing about its class.
    """

    classes_are_guesses = True

    def __init__(self) -> None:
        self._background = cv2.createBackgroundSubtractorMOG2(HISTORY_FRAMES, detectShadows=True)
        self._seen = False

    def detect(self, image: np.ndarray, conf_threshold: float) -> Detections:
        """Find moving blobs in a BGR picture; the first picture only sets the background."""
        mask = self._background.apply(image)
        if not self._seen:
            self._seen = True
            return Detections.none()
        return self._blobs(mask, image.shape[0] * image.shape[1], conf_threshold)

    def detect_all(
        self, images: Iterable[np.ndarray], conf_threshold: float
    ) -> Iterator[Detections]:
        """Find moving blobs in pictures, one after the other."""
        for image in images:
            yield self.detect(image, conf_threshold)

    @staticmethod
    def _blobs(mask: np.ndarray, picture_area: int, conf_threshold: float) -> Detections:
        moving = ((mask > SHADOW_VALUE) * 255).astype(np.uint8)
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        moving = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(moving)
        blobs = stats[1:]  # the first component is the background
        x, y, width, height, area = blobs.T.astype(np.float32)
        share, fill = width * height / picture_area, area / (width * height)
        kept = (share >= MIN_AREA) & (share <= MAX_AREA) & (fill >= conf_threshold)
        kept = np.flatnonzero(kept)
        kept = kept[np.argsort(-fill[kept], kind="stable")]
        boxes = np.stack([x, y, x + width, y + height], axis=1)[kept]
        guesses = [guess_class(width[i], height[i], share[i]) for i in kept]
        class_ids = np.array([CLASSES.index(name) for name in guesses], dtype=np.int64)
        return Detections(boxes, fill[kept], class_ids)


def guess_class(width: float, height: float, share: float) -> str:
    """A class from a blob's size in pixels and its share of the picture's area."""
    if height >= PERSON_ASPECT * width and share < LARGE_VEHICLE_AREA:
        return "person"
    return "truck" if share >= LARGE_VEHICLE_AREA else "car"
