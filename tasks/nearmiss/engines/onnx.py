"""ONNX Runtime: runs everywhere, in fp32 and int8."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from tasks.nearmiss.engines.letterbox import Letterbox
from tasks.nearmiss.pipeline import ahead

# One picture in work and one done: the runtime uses all its threads for a picture.
OUTPUTS_AHEAD = 1


class OnnxEngine:
    """An exported model, float or quantized; the precision is the model's own."""

    def __init__(self, model: Path, letterbox: Letterbox, threads: int = 0):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Idle workers that spin take the core that decoding and encoding need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self.letterbox = letterbox

    def infer(self, picture: np.ndarray) -> np.ndarray:
        """See `Engine.infer`."""
        return self._session.run(None, {self._input: self.letterbox.planes(picture)})[0][0]

    def infer_ahead(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `Engine.infer_ahead`; a thread of its own runs the network."""
        return ahead(map(self.infer, pictures), OUTPUTS_AHEAD)
