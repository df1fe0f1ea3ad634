"""Pictures of figures, drawn without a display."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing


@contextmanager
def one_plot(path: Path, size: tuple[float, float]) -> Iterator[Axes]:
    """One pair of axes, saved as PNG without a display, whole or not at all.

    Args:
        path: of the picture.
        size: width and height in inches.
    """
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots()
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")


def label(text: str, longest: int = 36) -> str:
    """Text from outside as a label: short, and no mathematics between dollar signs."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return short.replace("$", r"\$")


def say_if_empty(axes: Axes, count: int, words: str) -> None:
    """Write these words where a plot would be, if there is nothing to plot."""
    if not count:
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", color="#777777")
