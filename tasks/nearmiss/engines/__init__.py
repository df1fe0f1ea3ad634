"""Inference engines: one file a library, all with the calls of `Engine`.

A name says library and precision. Each library is imported only when its engine is made.
"""

from pathlib import Path
from typing import Literal, get_args

from tasks.nearmiss.engines.base import Engine
from tasks.nearmiss.engines.letterbox import Letterbox

EngineName = Literal[
    "onnx-fp32", "onnx-int8", "openvino-fp32", "openvino-bf16", "openvino-int8", "pytorch-fp32"
]
NAMES: tuple[str, ...] = get_args(EngineName)

__all__ = ["NAMES", "Engine", "EngineName", "Letterbox", "make_engine"]


def make_engine(
    name: str, model: Path, picture_size: tuple[int, int], imgsz: int, threads: int = 0
) -> Engine:
    """The engine of this name.

    Args:
        name: one of NAMES.
        model: what it reads: weights (.pt) for pytorch, the quantized model for int8, else the
            ONNX export.
        picture_size: height and width of the pictures.
        imgsz: longer side of the network's input in pixels.
        threads: to compute with; 0 lets the library choose.
    """
    letterbox = Letterbox.of(picture_size, imgsz)
    library, _, precision = name.partition("-")
    if name not in NAMES:
        raise ValueError(f"there is no engine {name}, only {', '.join(NAMES)}")
    if library == "onnx":
        from tasks.nearmiss.engines.onnx import OnnxEngine

        return OnnxEngine(model, letterbox, threads)
    if library == "openvino":
        from tasks.nearmiss.engines.openvino import OpenvinoEngine

        return OpenvinoEngine(model, letterbox, precision, threads)
    from tasks.nearmiss.engines.pytorch import PytorchEngine

    return PytorchEngine(model, letterbox, threads)
