"""The lines of a submission that another has too."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tasks.assess.similarity.code import Code

CONTEXT_LINES = 2
MOST_LINES = 600
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


def passages(code: Code, spans: Any) -> tuple[list[Passage], int]:
    """The lines that spans touch, with a little context, the longest passages first.

    Args:
        spans: int (2, n): starts and ends in `code.text`.

    Returns:
        up to `MOST_LINES` lines, and the number of passages beyond them.
    """
    alike = _lines_alike(code, spans)
    found = [one for number in sorted(alike) for one in _of_file(code, number, alike[number])]
    # Without this a person reads past idioms before the long parts that decide.
    found.sort(key=lambda one: -sum(line.alike for line in one.lines))
    shown = list(accumulate(len(one.lines) for one in found))
    enough = max(1, bisect_right(shown, MOST_LINES))
    return found[:enough], max(0, len(found) - enough)


def _of_file(code: Code, number: int, alike: set[int]) -> Iterator[Passage]:
    texts = code.file_text(number).split("\n")[:-1]
    for first, last in _ranges(sorted(alike), len(texts)):
        lines = [
            Line(at + 1, texts[at][:LONGEST_LINE], at in alike)
            for at in range(first, min(last + 1, first + MOST_LINES))
        ]
        yield Passage(code.names[number], lines)


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
            found.setdefault(number, set()).update(range(first, last + 1))
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
