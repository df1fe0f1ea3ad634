"""Quantized models: written once beside the export that they are made of.

Activations get their range from frames of the clip itself. The last convolutions and what comes
after them (box distribution, decoding, concatenation of pixels with scores) stay float: one scale
cannot hold coordinates up to 640 and scores below 1.
"""

import logging
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tasks.files import whole_or_nothing
from tasks.nearmiss.engines.letterbox import Letterbox

# Goes up with what models are made by, so that none of an earlier rule is taken.
RULE = 2
SUFFIX = {"onnx-int8": ".onnx", "openvino-int8": ".xml"}
# The head's inner convolutions, which are worth quantizing: cv2 makes boxes, cv3 classes.
_INNER_OF_HEAD = re.compile(r"/cv[23]\.\d+\.[01]/")
_MODULE = re.compile(r"/model\.(\d+)/")


def int8_model(
    name: str,
    onnx: Path,
    pictures: Callable[[], Sequence[np.ndarray]],
    letterbox: Letterbox,
    clip_sha256: str,
) -> Path:
    """The quantized model for an engine, made where it is not there yet.

    Args:
        name: "onnx-int8" or "openvino-int8".
        onnx: the float export; its name begins with the weights' name and sha256.
        pictures: gives the frames to calibrate with, BGR uint8.
        letterbox: their fit.
        clip_sha256: of the video they are from.

    Returns:
        ONNX with quantize and dequantize nodes, or OpenVINO IR (.xml, with its .bin beside it).
    """
    height, width = letterbox.network
    size = f"{width}x{height}"
    target = onnx.with_name(f"{onnx.stem}-{size}-{clip_sha256[:8]}-int8v{RULE}{SUFFIX[name]}")
    if not all(path.is_file() for path in model_files(target).values()):
        inputs = [letterbox.planes(picture) for picture in pictures()]
        (_quantize_onnx if name == "onnx-int8" else _quantize_openvino)(onnx, inputs, target)
    return target


def model_files(model: Path) -> dict[str, Path]:
    """All files of a model: OpenVINO keeps its weights in a second one."""
    files = {"model": model}
    if model.suffix == ".xml":
        files["model_weights"] = model.with_suffix(".bin")
    return files


def _stays_float(node: str, head: int) -> bool:
    return node.startswith(f"/model.{head}/") and not _INNER_OF_HEAD.search(node)


def _head_of(nodes: Sequence[str]) -> int:
    """The number of the network's last module, which is its head."""
    return max(int(found[1]) for node in nodes if (found := _MODULE.match(node)))


def _quantize_onnx(onnx: Path, inputs: Sequence[np.ndarray], target: Path) -> None:
    from onnx import load
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._inputs = iter(inputs)

        def get_next(self) -> dict[str, np.ndarray] | None:
            planes = next(self._inputs, None)
            return None if planes is None else {"images": planes}

    with tempfile.TemporaryDirectory() as folder, whole_or_nothing(target) as temporary:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(onnx), str(prepared), skip_symbolic_shape=True)
        nodes = [node.name for node in load(prepared, load_external_data=False).graph.node]
        head = _head_of(nodes)
        quantize_static(
            str(prepared),
            str(temporary),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            nodes_to_exclude=[node for node in nodes if _stays_float(node, head)],
        )


def _quantize_openvino(onnx: Path, inputs: Sequence[np.ndarray], target: Path) -> None:
    import tasks.openvino_offline  # noqa: F401  isort: skip — before both

    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(onnx)
    model.reshape(inputs[0].shape)
    nodes = [node.get_friendly_name() for node in model.get_ops()]
    head = _head_of(nodes)
    quantized = nncf.quantize(
        model,
        nncf.Dataset(inputs),
        subset_size=len(inputs),
        preset=nncf.QuantizationPreset.MIXED,  # SiLU gives signed values
        ignored_scope=nncf.IgnoredScope(
            names=[node for node in nodes if _stays_float(node, head)], validate=False
        ),
    )
    # The model counts as there when its .xml is, so the weights come first.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".int8-") as folder:
        made = Path(folder) / target.name
        openvino.save_model(quantized, made, compress_to_fp16=False)
        for file in reversed(model_files(made).values()):
            file.replace(target.with_name(file.name))
