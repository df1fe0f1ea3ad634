"""The lines of a submission that another has too."""

from dataclasses import dataclass
from typing import Any

from tasks.assess.similarity.code import Code

CONTEXT_LINES = 2
MOST_LINES = 400
LONGEST_LINE = 200


@dataclass(frozen=True)
class Line:
    """One line of code; `alike` where the other submission has it too."""

    number: int
    text: str
    alike: bool


@dataclass(frozen=True)
class Passage:
    """Lines of one file that follow each other."""

    file: str
    lines: list[Line]


def passages(code: Code, spans: Any) -> list[Passage]:
    """The lines that spans touch, with a little context, in the order of the code.

    Args:
        spans: int (2, n): starts and ends in `code.text`.
    """
    alike = _lines_alike(code, spans)
    found: list[Passage] = []
    shown = 0
    for number in sorted(alike):
        texts = code.file_text(number).split("\n")[:-1]
        for first, last in _ranges(sorted(alike[number]), len(texts)):
            shown += last - first + 1
            if shown > MOST_LINES:
                return found
            lines = [
                Line(at + 1, texts[at][:LONGEST_LINE], at in alike[number])
                for at in range(first, last + 1)
            ]
            found.append(Passage(code.names[number], lines))
    return found


def _lines_alike(code: Code, spans: Any) -> dict[int, set[int]]:
    """Number of a file to its lines, from 0 on, that a span touches."""
    found: dict[int, set[int]] = {}
    for start, end in zip(*spans, strict=True):
        start, end = max(0, int(start)), min(int(end), len(code.text))
        while start < end:
            number = code.file_at(start)
            text = code.file_text(number)
            begin = code.starts[number]
            stop = min(end, begin + len(text))
            first = text.count("\n", 0, start - begin)
            last = text.count("\n", 0, max(start, stop - 1) - begin)
            touched = (at for at in range(first, last + 1))
            found.setdefault(number, set()).update(touched)
            start = stop
    return found


def _ranges(lines: list[int], count: int) -> list[tuple[int, int]]:
    """(first, last) of runs of lines with their context, joined where they meet."""
    runs: list[tuple[int, int]] = []
    for line in lines:
        first, last = max(0, line - CONTEXT_LINES), min(count - 1, line + CONTEXT_LINES)
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs
