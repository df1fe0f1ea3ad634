"""PyTorch: the reference that the exported models are compared with."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tasks import torchvision_repair
from tasks.nearmiss.engines.letterbox import Letterbox
from tasks.nearmiss.pipeline import ahead


class PytorchEngine:
    """The weights themselves, as ultralytics builds them, in fp32."""

    def __init__(self, weights: Path, letterbox: Letterbox, threads: int = 0):
        """`threads` counts for the whole process, as torch has it."""
        torchvision_repair.repair()
        import torch
        from ultralytics import YOLO

        if threads:
            torch.set_num_threads(threads)
        self._torch = torch
        self._model = YOLO(str(weights), task="detect").model.fuse().float().eval()
        self.letterbox = letterbox

    def infer(self, picture: np.ndarray) -> np.ndarray:
        """See `Engine.infer`."""
        with self._torch.inference_mode():
            planes = self._torch.from_numpy(self.letterbox.planes(picture))
            output, *_ = self._model(planes)
        return output[0].numpy()

    def infer_ahead(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `Engine.infer_ahead`; a thread of its own runs the network."""
        return ahead(map(self.infer, pictures), 1)
