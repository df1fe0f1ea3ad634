"""OpenVINO: fp32, bf16 and int8, with several pictures in work at once."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import tasks.openvino_offline  # noqa: F401  isort: skip — before OpenVINO

import numpy as np
import openvino
from openvino.preprocess import ColorFormat, PrePostProcessor

from tasks.nearmiss.engines.letterbox import Letterbox

# What the engine computes in, by its name; quantized layers say so in the model.
COMPUTES_IN = {"fp32": openvino.Type.f32, "int8": openvino.Type.f32, "bf16": openvino.Type.bf16}


def supports_bf16() -> bool:
    """Whether this CPU computes in bf16, by what OpenVINO itself says."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenvinoEngine:
    """A model of static shape that takes uint8 BGR pictures: colours and scale are in its graph.

    Scaling to the input's size is not: OpenCV's on bytes takes a fraction of the time of the
    graph's on floats, and gives the same picture for every engine.
    """

    def __init__(self, model: Path, letterbox: Letterbox, precision: str, threads: int = 0):
        """
        Args:
            model: ONNX export, or OpenVINO IR (.xml) for int8.
            letterbox: the fit of the pictures.
            precision: "fp32", "bf16" or "int8".
            threads: to compute with; 0 lets OpenVINO choose.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": COMPUTES_IN[precision],
            # As many streams as the CPU is worth, each with fewer threads: these lose less to
            # waiting for each other than all threads on one picture do.
            "PERFORMANCE_HINT": "THROUGHPUT",
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        compiled = core.compile_model(_takes_pictures(core, model, letterbox), "CPU", settings)
        # One more than are computed at once, so that the next picture waits for no caller.
        count = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
        self._requests = [compiled.create_infer_request() for _ in range(count)]
        self.letterbox = letterbox

    def infer(self, picture: np.ndarray) -> np.ndarray:
        """See `Engine.infer`."""
        return _output(self._started(self._requests[0], picture))

    def infer_ahead(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `Engine.infer_ahead`."""
        idle, busy = deque(self._requests), deque()
        try:
            for picture in pictures:
                busy.append(self._started(idle.popleft(), picture))
                if not idle:
                    idle.append(busy.popleft())
                    yield _output(idle[0])
            while busy:
                yield _output(busy.popleft())
        finally:
            for request in busy:
                request.wait()

    def _started(
        self, request: openvino.InferRequest, picture: np.ndarray
    ) -> openvino.InferRequest:
        request.get_input_tensor().data[0] = self.letterbox.fit(picture)
        request.start_async()
        return request


def _takes_pictures(core: openvino.Core, model: Path, letterbox: Letterbox) -> openvino.Model:
    """The model with the shape of these pictures and their conversion in front."""
    network = core.read_model(model)
    network.reshape([1, 3, *letterbox.network])
    conversion = PrePostProcessor(network)
    pictures = conversion.input()
    pictures.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    pictures.tensor().set_color_format(ColorFormat.BGR)
    pictures.model().set_layout(openvino.Layout("NCHW"))
    steps = pictures.preprocess().convert_element_type(openvino.Type.f32)
    steps.convert_color(ColorFormat.RGB).scale(255.0)
    return conversion.build()


def _output(request: openvino.InferRequest) -> np.ndarray:
    request.wait()
    return request.get_output_tensor().data[0].copy()
