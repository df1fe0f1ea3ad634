"""The text that people wrote into files, without what programs put between it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tasks.assess.packs.work import Work

# Pictures in HTML and notebooks: long, and random by nature.
EMBEDDED = re.compile(r"data:[\w/+.-]+(?:;[\w=-]+)*;base64,[A-Za-z0-9+/=\s]+")
LONGEST_LINE = 20_000


def readable_texts(work: Work) -> Iterator[tuple[str, str]]:
    """(file, text) of an assignment; of notebooks the cells and the text that they put out."""
    for path, text in work.texts():
        whole = _of_notebook(text) if path.suffix.lower() == ".ipynb" else text
        yield work.inner(path), EMBEDDED.sub("data:", whole)


def lines_of(work: Work) -> Iterator[tuple[str, int, str]]:
    """(file, number, line) of all readable text."""
    for inner, text in readable_texts(work):
        for number, line in enumerate(text.splitlines(), start=1):
            yield inner, number, line[:LONGEST_LINE]


def _of_notebook(text: str) -> str:
    try:
        cells = json.loads(text)["cells"]
        return "\n".join(part for cell in cells for part in _of_cell(cell))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text


def _of_cell(cell: dict[str, Any]) -> Iterator[str]:
    yield _joined(cell.get("source", ""))
    for output in cell.get("outputs", []):
        yield _joined(output.get("text", ""))
        yield _joined((output.get("data") or {}).get("text/plain", ""))
        yield _joined("\n".join(output.get("traceback", [])))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
