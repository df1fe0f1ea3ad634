"""Whether notebooks were run from top to bottom."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.work import Work
from tasks.assess.rubrics.rubric import Assignment

MOST_BYTES = 20_000_000
NAME = re.compile(r"[^\w.-]+")


class NotebooksRan(EvidenceProbe):
    """Every code cell of every notebook has a number, in order, and no error."""

    name = "notebooks_ran"
    found = "Every notebook ran from its first cell to its last without an error."
    advice = "Restart the kernel, run all cells, and save the notebook."

    def asks(self, assignment: Assignment) -> bool:
        return any(pattern.lower().endswith(".ipynb") for pattern in assignment.files)

    def look(self, work: Work) -> Looked:
        notebooks = work.matching("*.ipynb")
        if not notebooks:
            return Looked(0, 1, ["a notebook (*.ipynb)"])
        faults = [
            f"a clean run of {work.inner(path)}: {fault}"
            for path in notebooks
            if (fault := fault_of(path))
        ]
        return Looked(len(notebooks) - len(faults), len(notebooks), faults)


def fault_of(path: Path) -> str:
    """The first reason why a notebook did not run whole and in order; empty where it did."""
    import nbformat

    if path.stat().st_size > MOST_BYTES:
        return f"it is larger than {MOST_BYTES // 10**6} MB"
    try:
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # noqa: BLE001  nbformat raises whatever broken JSON leads to
        return f"it is no notebook ({type(error).__name__})"
    filled = [(number, cell) for number, cell in enumerate(cells, start=1) if cell.source.strip()]
    if not filled:
        return "it has no code"
    return next((fault for fault in _faults(filled) if fault), "")


def _faults(filled: list[tuple[int, Any]]) -> Iterator[str]:
    before = 0
    for number, cell in filled:
        count = cell.get("execution_count")
        if not isinstance(count, int):
            yield f"code cell {number} was not run"
            continue
        if count <= before:
            yield f"code cell {number} was run out of order (In [{count}] after In [{before}])"
        before = count
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                kind = NAME.sub("", str(output.get("ename", "")))[:60] or "an error"
                yield f"code cell {number} ended with {kind}"
