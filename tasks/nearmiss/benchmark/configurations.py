"""What is compared: one thing changed at a time, and the combinations that may be recommended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class Configuration:
    """A way to run detection.

    Attributes:
        engine: a name of `engines.NAMES`.
        imgsz: longer side of the network's input in pixels.
        stride: every how many frames one is used.
        threads: decoding and inference run ahead in threads of their own, as in the near-miss
            flow; else one thing is done after the other.
    """

    engine: str = "pytorch-fp32"
    imgsz: int = 640
    stride: int = 1
    threads: bool = False

    @property
    def name(self) -> str:
        """What a reader calls it."""
        threads = "threads" if self.threads else "no threads"
        return f"{self.engine}, {self.imgsz}, stride {self.stride}, {threads}"


BASELINE = Configuration()


def one_factor(
    engines: Sequence[str], small_imgsz: int, strides: Sequence[int]
) -> list[Configuration]:
    """The baseline, and everything that differs from it in one thing only."""
    found = [
        BASELINE,
        *(replace(BASELINE, engine=engine) for engine in engines),
        replace(BASELINE, imgsz=small_imgsz),
        *(replace(BASELINE, stride=stride) for stride in sorted(strides)),
        replace(BASELINE, threads=True),
    ]
    return list(dict.fromkeys(found))


def combinations(
    engines: Sequence[str], sizes: Sequence[int], strides: Sequence[int]
) -> list[Configuration]:
    """Every engine, size and stride with threads: what the near-miss flow can be set to."""
    return [
        Configuration(engine, imgsz, stride, threads=True)
        for engine in engines
        for imgsz in sizes
        for stride in sorted({1, *strides})
    ]
