"""CSV and its relatives, with the damage that exports do to them."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.sources.text_files import open_text

DELIMITERS = ",;\t|"
# A longer cell is an opened quote that nothing closes.
LONGEST_CELL = 1 << 20


def read_delimited(
    spec: SourceSpec, path: Path, figures: SourceFigures
) -> Iterator[Record | Damaged]:
    """The rows under a CSV's header. Rows with too few or too many cells are damaged.

    Raises:
        BadInput: no header or no row, or two columns of one name.
    """
    csv.field_size_limit(LONGEST_CELL)
    with open_text(spec, path, figures) as file:
        delimiter = spec.delimiter or _delimiter(file.readline())
        file.seek(0)
        seen: list[str] = []
        reader = csv.reader(_remembered(file, seen), delimiter=delimiter, strict=True)
        header = _header(reader, spec, path)
        rows = 0
        for row in _rows(reader, header, path.name, seen):
            rows += 1
            yield row
    if rows == 0:
        raise BadInput(f"{path} (source {spec.name}) has a header but no row: fill or remove it.")


def _delimiter(header: str) -> str:
    """The separator that cuts the header into most columns; a comma where none does."""
    return max(DELIMITERS, key=header.count) if header else ","


def _header(reader: Iterator[list[str]], spec: SourceSpec, path: Path) -> list[str]:
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), [])
    except csv.Error as error:
        raise BadInput(
            f"{path} (source {spec.name}) has no header that can be read ({error}): give the "
            "columns' names in the first line."
        ) from error
    names = [cell.strip() for cell in header]
    if not names:
        raise BadInput(f"{path} (source {spec.name}) holds only blank lines: fill or remove it.")
    for name in names:
        if name and names.count(name) > 1:
            raise BadInput(
                f"{path} (source {spec.name}) has two columns named '{name}': rename one."
            )
    return names


def _rows(
    reader: "csv._reader", header: list[str], name: str, seen: list[str]
) -> Iterator[Record | Damaged]:
    while True:
        first_line = reader.line_num + 1
        seen.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            place = f"{name} lines {first_line} to {reader.line_num}"
            yield Damaged(place, f"quotes: {_problem(error)}", "".join(seen))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        place = f"{name} line {first_line}"
        if len(cells) != len(header):
            reason = f"wrong number of columns: {len(cells)} where the header has {len(header)}"
            yield Damaged(place, reason, " | ".join(cells))
        else:
            yield Record(place, dict(zip(header, cells, strict=True)))


def _remembered(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    """The lines; the first few since `seen` was cleared stay in it, to show where a row broke."""
    for line in lines:
        if len(seen) < 3:
            seen.append(line)
        yield line


def _problem(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end of data" in message:
        return "a quote that is opened is never closed"
    if "field larger" in message:
        return f"a cell of over {LONGEST_CELL} characters, so a quote that is never closed"
    return message
