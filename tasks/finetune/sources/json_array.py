"""One JSON array of objects, read piece by piece so that its size does not matter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tasks.errors import BadInput
from tasks.finetune.sources.json_text import DECODER, json_problem
from tasks.finetune.sources.jsonl import read_lines
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.sources.text_files import open_text

CHUNK_CHARACTERS = 1 << 16
# The longest text of one object; beyond it the file is taken for broken.
LONGEST_OBJECT = 64 << 20
_SPACE = " \t\r\n"


def read_json_array(
    spec: SourceSpec, path: Path, figures: SourceFigures
) -> Iterator[Record | Damaged]:
    """The objects of `[{…}, …]`, or of a .json file that is JSON Lines in truth.

    Raises:
        BadInput: the file is neither, or the array breaks off.
    """
    with open_text(spec, path, figures) as file:
        start = file.read(CHUNK_CHARACTERS).lstrip(_SPACE + "\ufeff")
    if start.startswith("{"):
        if _is_one_object(start):
            raise BadInput(
                f"{path} (source {spec.name}) is one JSON object, not an array of them: give "
                "[{…}, {…}] or one object a line."
            )
        figures.warnings.append(f"{path.name} is JSON Lines under the name of JSON.")
        yield from read_lines(spec, path, figures)
        return
    if not start.startswith("["):
        raise BadInput(
            f"{path} (source {spec.name}) is no JSON array: give [{{…}}, {{…}}] or one object "
            "a line."
        )
    with open_text(spec, path, figures) as file:
        for number, value in enumerate(_elements(file, path), start=1):
            place = f"{path.name} element {number}"
            if isinstance(value, dict):
                yield Record(place, value)
            else:
                kind = type(value).__name__
                reason = f"not a JSON object: the element is a {kind}"
                yield Damaged(place, reason, str(value)[:1000])


def _is_one_object(start: str) -> bool:
    """Whether the first line opens an object that it does not close: pretty-printed JSON."""
    first_line, line_end, _ = start.partition("\n")
    return bool(line_end) and not first_line.rstrip().endswith("}")


def _elements(file: TextIO, path: Path) -> Iterator[Any]:
    """The array's values, each as soon as it is whole."""
    buffer = file.read(CHUNK_CHARACTERS).lstrip(_SPACE + "\ufeff").removeprefix("[")
    first = True
    while True:
        buffer = _filled(buffer, file)
        if buffer.startswith("]"):
            if _filled(buffer[1:], file):
                raise BadInput(f"{path} goes on after the end of its JSON array: mend it.")
            return
        if not first:
            if not buffer.startswith(","):
                raise _broken(path, "a comma or the closing bracket is missing")
            buffer = _filled(buffer[1:], file)
        value, buffer = _first_value(buffer, file, path)
        first = False
        yield value


def _first_value(buffer: str, file: TextIO, path: Path) -> tuple[Any, str]:
    """The value at the buffer's start, and what follows it; reads on until it is whole."""
    size = CHUNK_CHARACTERS
    while True:
        try:
            value, end = DECODER.raw_decode(buffer)
        except (ValueError, RecursionError) as error:
            problem: Exception | None = error
        else:
            # A number at the buffer's end may go on in the next piece.
            if end < len(buffer):
                return value, buffer[end:]
            problem = None
        more = file.read(size)
        if not more or len(buffer) > LONGEST_OBJECT or isinstance(problem, RecursionError):
            if problem is None:
                raise _broken(path, "its closing bracket is missing")
            raise _broken(path, json_problem(problem)) from problem
        buffer += more
        size *= 2  # a long value must not be parsed once for every small piece


def _filled(buffer: str, file: TextIO) -> str:
    """The buffer without leading space; read on where nothing is left of it."""
    buffer = buffer.lstrip(_SPACE)
    while not buffer:
        more = file.read(CHUNK_CHARACTERS)
        if not more:
            return ""
        buffer = more.lstrip(_SPACE)
    return buffer


def _broken(path: Path, problem: str) -> BadInput:
    return BadInput(f"{path} is a broken JSON array ({problem}): mend it, or export it again.")
