"""JSON Lines: one object a line."""

from collections.abc import Iterator
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.sources.json_text import json_problem, parse_json
from tasks.finetune.sources.locations import source_files
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.sources.text_files import open_text

SUFFIXES = {".jsonl", ".ndjson"}
# So many bad lines without a good one, and the file is something else.
HOPELESS_LINES = 1000


def read_jsonl(spec: SourceSpec, figures: SourceFigures) -> Iterator[Record | Damaged]:
    """The objects of a JSONL file or of a folder's; blank lines are skipped.

    Raises:
        BadInput: a file that is empty, is no text, or has not one line with an object.
    """
    for path in source_files(spec, SUFFIXES, figures):
        yield from read_lines(spec, path, figures)


def read_lines(spec: SourceSpec, path: Path, figures: SourceFigures) -> Iterator[Record | Damaged]:
    good = bad = 0
    first_problem = ""
    with open_text(spec, path, figures) as file:
        for number, line in enumerate(file, start=1):
            text = line.strip().removeprefix("\ufeff")
            if not text:
                continue
            record = _parse(text, f"{path.name} line {number}")
            if isinstance(record, Record):
                good += 1
            else:
                bad += 1
                first_problem = first_problem or f"line {number}: {record.reason}"
            if good == 0 and bad >= HOPELESS_LINES:
                break
            yield record
    if good == 0:
        raise BadInput(
            f"{path} (source {spec.name}) has no line with a JSON object ({first_problem})"
            "; give one object a line, or name the file .json or .csv if it is that."
            if bad
            else f"{path} (source {spec.name}) holds only blank lines: fill or remove it."
        )


def _parse(text: str, place: str) -> Record | Damaged:
    try:
        value = parse_json(text)
    except (ValueError, RecursionError) as error:
        return Damaged(place, f"not JSON: {json_problem(error)}", text)
    if not isinstance(value, dict):
        kind = type(value).__name__
        return Damaged(place, f"not a JSON object: the line holds a {kind}", text)
    return Record(place, value)
