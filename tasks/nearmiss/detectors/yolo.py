"""YOLOv8 through one of the inference engines."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain

import cv2
import numpy as np

from tasks.nearmiss.classes import CLASSES, COCO_IDS, category_of
from tasks.nearmiss.detectors.base import Detections
from tasks.nearmiss.engines import Engine, Letterbox

NMS_IOU = 0.6

_COCO_TO_OURS = np.full(80, -1)
for _position, _name in enumerate(CLASSES):
    _COCO_TO_OURS[COCO_IDS[_name]] = _position
# Boxes suppress each other within a category: a van must not count as a car and a truck,
# but a rider must not suppress the bicycle.
_SUPPRESSION_GROUP = np.array(
    [[category_of(name) for name in CLASSES].index(category_of(name)) for name in CLASSES]
)


class YoloDetector:
    """An inference engine, the decoding of its output, and the suppression of double boxes."""

    classes_are_guesses = False

    def __init__(self, engine_for: Callable[[tuple[int, int]], Engine]):
        """
        Args:
            engine_for: makes an engine for pictures of this height and width; called with the
                first picture, and again where the size changes.
        """
        self._engine_for = engine_for
        self._engine: Engine | None = None

    def detect(self, image: np.ndarray, conf_threshold: float) -> Detections:
        """Find road users in a BGR picture; see `Detector.detect`."""
        engine = self._engine_of(image)
        return decode(engine.infer(image), engine.letterbox, conf_threshold)

    def detect_all(
        self, images: Iterable[np.ndarray], conf_threshold: float
    ) -> Iterator[Detections]:
        """Find road users in pictures of one size, a few ahead; see `Detector.detect_all`."""
        images = iter(images)
        for first in images:
            engine = self._engine_of(first)
            with closing(engine.infer_ahead(chain([first], images))) as outputs:
                for output in outputs:
                    yield decode(output, engine.letterbox, conf_threshold)

    def _engine_of(self, image: np.ndarray) -> Engine:
        size = image.shape[:2]
        if self._engine is None or self._engine.letterbox.picture != size:
            self._engine = self._engine_for(size)
        return self._engine


def decode(output: np.ndarray, letterbox: Letterbox, conf_threshold: float) -> Detections:
    """Turn the network's output into boxes in source pixels.

    Args:
        output: 84 x n: centre x, centre y, width, height, 80 class scores.
        letterbox: the fit of the picture.
        conf_threshold: smallest confidence to keep.
    """
    best = output[4:].max(axis=0).astype(float)
    # Which class it is matters in a few places only, and costs more to find than the score.
    places = np.flatnonzero(best >= conf_threshold)
    class_ids = _COCO_TO_OURS[output[4:, places].argmax(axis=0)]
    places, class_ids = places[class_ids >= 0], class_ids[class_ids >= 0]
    if not len(places):
        return Detections.none()
    center, size = output[:2, places].T, output[2:4, places].T
    corners = np.hstack([center - size / 2, center + size / 2])
    boxes = (corners - np.tile(letterbox.offset, 2)) / letterbox.scale
    boxes = boxes.clip(0, np.tile(letterbox.picture[::-1], 2)).astype(np.float32)
    confidences = best[places]
    kept = suppress(boxes, confidences, class_ids)
    return Detections(boxes[kept], confidences[kept].astype(np.float32), class_ids[kept])


def suppress(boxes: np.ndarray, confidences: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
    """Non-maximum suppression within each category: indices of the kept boxes, best first."""
    corner_and_size = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    kept = cv2.dnn.NMSBoxesBatched(
        corner_and_size.tolist(),
        confidences.tolist(),
        _SUPPRESSION_GROUP[class_ids].tolist(),
        0.0,
        NMS_IOU,
    )
    kept = np.asarray(kept, dtype=int).reshape(-1)
    kept = kept[(boxes[kept, 2:] > boxes[kept, :2]).all(axis=1)]
    return kept[np.argsort(-confidences[kept], kind="stable")]
