"""Put what a person wants to see on the Prefect run page, and progress on the terminal too."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from tqdm import tqdm

from tasks.pictures import data_uri
from tasks.text import plain

MAX_PICTURE_BYTES = 200_000  # the UI stays quick with artifacts under 300 kB; base64 adds a third
SECONDS_BETWEEN_UPDATES = 2.0


class Progress(Protocol):
    """Called with the number of units done so far, and of all where that is known only now."""

    def __call__(self, done: int, of: int | None = None) -> None: ...


def markdown(key: str, text: str, verdict: str) -> None:
    """A markdown artifact whose description is the verdict."""
    create_markdown_artifact(markdown=text, key=key, description=verdict)


def table(key: str, rows: Sequence[Mapping[str, Any]], verdict: str) -> None:
    """A table artifact; values that JSON lacks (infinity, NaN) become text."""
    create_table_artifact(
        table=[{name: _cell(value) for name, value in row.items()} for row in rows],
        key=key,
        description=verdict,
    )


def pictures(key: str, files: Mapping[str, Path], verdict: str) -> None:
    """One markdown artifact a picture, each small enough for the UI.

    Args:
        key: prefix of the artifacts' keys.
        files: caption to picture file.
        verdict: description of the artifacts.
    """
    for caption, path in files.items():
        slug = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
        text = f"![{plain(caption)}]({data_uri(path, MAX_PICTURE_BYTES)})"
        markdown(f"{key}-{slug}", text, f"{caption}. {verdict}")


@contextmanager
def progress(what: str, total: int, unit: str = "frame") -> Iterator[Progress]:
    """Show progress on the terminal and, while it lasts, on the run page."""
    artifact = create_progress_artifact(progress=0.0, description=what)
    last_update = time.monotonic()
    with tqdm(total=total, desc=what, unit=unit, disable=None) as bar:

        def report(done: int, of: int | None = None) -> None:
            nonlocal last_update
            bar.total = of or total
            bar.update(done - bar.n)
            now = time.monotonic()
            if now - last_update >= SECONDS_BETWEEN_UPDATES:
                last_update = now
                update_progress_artifact(
                    artifact, progress=min(100.0, 100 * done / max(bar.total, 1))
                )

        yield report
    update_progress_artifact(artifact, progress=100.0)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return round(value, 4) if abs(value) < float("inf") else str(value)
    return str(value)
