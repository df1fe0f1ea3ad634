"""YOLOv8 through ONNX Runtime: no torch at run time."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from tasks.nearmiss.classes import CLASSES, COCO_IDS, category_of
from tasks.nearmiss.detectors.base import Detections

MODEL_STRIDE = 32
PADDING_GREY = 114
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
    """A YOLOv8 model exported by `weights.export_onnx`."""

    classes_are_guesses = False

    def __init__(self, onnx: Path, imgsz: int, threads: int = 0):
        """
        Args:
            onnx: exported model with free picture size.
            imgsz: longer side of the network's input in pixels.
            threads: of the inference engine; 0 lets it choose.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Idle workers that spin take the core that decoding and encoding need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(onnx), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self.imgsz = imgsz

    def detect(self, image: np.ndarray, conf_threshold: float) -> Detections:
        """Find road users in a BGR picture; see `Detector.detect`."""
        network_input, scale, offset = letterbox(image, self.imgsz)
        output = self._session.run(None, {self._input: network_input})[0]
        return decode(output[0], scale, offset, image.shape[:2], conf_threshold)


def letterbox(image: np.ndarray, imgsz: int) -> tuple[np.ndarray, float, tuple[int, int]]:
    """Scale a picture into the network's input, padded only up to the model's stride.

    Args:
        image: height x width x 3, BGR uint8.
        imgsz: length of the longer side after scaling.

    Returns:
        1 x 3 x h x w float32 RGB in 0..1; the scale; the padding left and on top, in pixels.
    """
    height, width = image.shape[:2]
    scale = imgsz / max(height, width)
    new_width, new_height = round(width * scale), round(height * scale)
    pad_x, pad_y = (-new_width) % MODEL_STRIDE / 2, (-new_height) % MODEL_STRIDE / 2
    left, top = round(pad_x - 0.1), round(pad_y - 0.1)
    right, bottom = round(pad_x + 0.1), round(pad_y + 0.1)
    if (new_width, new_height) != (width, height):
        image = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(
        image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(PADDING_GREY,) * 3
    )
    planes = padded[:, :, ::-1].transpose(2, 0, 1)
    return np.ascontiguousarray(planes, np.float32)[None] / 255, scale, (left, top)


def decode(
    output: np.ndarray,
    scale: float,
    offset: tuple[int, int],
    picture: tuple[int, int],
    conf_threshold: float,
) -> Detections:
    """Turn the network's output into boxes in source pixels.

    Args:
        output: 84 x n: centre x, centre y, width, height, 80 class scores.
        scale: of the letterbox.
        offset: padding left and on top, in network pixels.
        picture: height and width of the source.
        conf_threshold: smallest confidence to keep.
    """
    scores = output[4:]
    coco = scores.argmax(axis=0)
    confidences = scores[coco, np.arange(scores.shape[1])].astype(float)
    wanted = (confidences >= conf_threshold) & (_COCO_TO_OURS[coco] >= 0)
    if not wanted.any():
        return Detections.none()
    center, size = output[:2, wanted].T, output[2:4, wanted].T
    corners = np.hstack([center - size / 2, center + size / 2])
    boxes = (corners - np.tile(offset, 2)) / scale
    boxes = boxes.clip(0, np.tile(picture[::-1], 2)).astype(np.float32)
    confidences, class_ids = confidences[wanted], _COCO_TO_OURS[coco[wanted]]
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
