"""Detectors: one file each, all with the calls of `Detector`."""

from pathlib import Path

from tasks.nearmiss.detectors.base import Detections, Detector
from tasks.nearmiss.detectors.motion import MotionDetector
from tasks.nearmiss.detectors.yolo import YoloDetector
from tasks.nearmiss.engines import EngineName, make_engine

__all__ = ["Detections", "Detector", "MotionDetector", "YoloDetector", "make_detector"]


def make_detector(
    name: str,
    model: Path | None,
    imgsz: int,
    threads: int = 0,
    engine: EngineName | None = "onnx-fp32",
) -> Detector:
    """The detector of this name.

    Args:
        name: "yolo" or "motion".
        model: what the engine reads (see `make_engine`), for "yolo".
        imgsz: longer side of the network's input in pixels, for "yolo".
        threads: of the inference engine; 0 lets it choose.
        engine: the inference engine, for "yolo".
    """
    if name == "motion":
        return MotionDetector()
    if model is None:
        raise ValueError("the yolo detector needs an exported model")
    return YoloDetector(lambda size: make_engine(engine, model, size, imgsz, threads))
