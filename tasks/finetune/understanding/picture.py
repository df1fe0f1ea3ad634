"""Figures without a display, saved whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from tasks.files import whole_or_nothing

TUNED_COLOR, BASE_COLOR, LOW_COLOR = "#2f6f4f", "#b8bec6", "#c44e52"


@contextmanager
def panels(path: Path, rows: int, columns: int, size: tuple[float, float]) -> Iterator[np.ndarray]:
    """Axes of shape (rows, columns), saved as PNG when the block ends well."""
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots(rows, columns, squeeze=False)
        with whole_or_nothing(path) as temporary:
            figure.savefig(temporary, dpi=120, format="png")


def label(text: str, most: int = 28) -> str:
    """Text from outside as a label: short, and no mathematics between dollar signs."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short.replace("$", r"\$")
