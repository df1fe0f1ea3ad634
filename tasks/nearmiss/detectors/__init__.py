"""Detectors: one file each, all with `detect(image, conf_threshold) -> Detections`."""

from pathlib import Path

from tasks.nearmiss.detectors.base import Detections, Detector
from tasks.nearmiss.detectors.motion import MotionDetector
from tasks.nearmiss.detectors.yolo import YoloDetector

__all__ = ["Detections", "Detector", "MotionDetector", "YoloDetector", "make_detector"]


def make_detector(name: str, onnx: Path | None, imgsz: int, threads: int = 0) -> Detector:
    """The detector of this name.

    Args:
        name: "yolo" or "motion".
        onnx: the exported model, for "yolo".
        imgsz: longer side of the network's input in pixels, for "yolo".
        threads: of the inference engine; 0 lets it choose.
    """
    if name == "motion":
        return MotionDetector()
    if onnx is None:
        raise ValueError("the yolo detector needs an exported model")
    return YoloDetector(onnx, imgsz, threads)
