"""What every inference engine does."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from tasks.nearmiss.engines.letterbox import Letterbox


class Engine(Protocol):
    """Runs the network on pictures of one size.

    The output is the network's own, 84 x n float32: centre x, centre y, width, height in network
    pixels, then 80 class scores, for n places. `letterbox` says how to get back to source pixels.
    """

    letterbox: Letterbox

    def infer(self, picture: np.ndarray) -> np.ndarray:
        """The output for one picture, height x width x 3, BGR uint8."""
        ...

    def infer_ahead(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The outputs for pictures, in their order, with a few pictures in work ahead.

        Pictures may be taken from another thread than the caller's. Closing the generator waits
        for what is in work. An error, of the pictures or of the engine, comes out here.
        """
        ...
