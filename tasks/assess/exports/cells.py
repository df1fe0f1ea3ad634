"""CSV files that a spreadsheet opens without running what a student wrote."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.files import whole_or_nothing

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@")
# A cell of Excel holds 32,767 characters.
LONGEST = 32_000

Cell = str | int | float | None


def harmless(text: str) -> str:
    """Text on one line that no spreadsheet takes for a formula.

    An apostrophe is put before what would begin one; full-width signs and leading blanks are
    seen through, as spreadsheets do.
    """
    visible = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in text
    )
    line = " ".join(visible.split())[:LONGEST]
    return f"'{line}" if unicodedata.normalize("NFKC", line).startswith(FORMULA_STARTS) else line


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write UTF-8 CSV, whole or not at all: text is made harmless, None is an empty cell."""
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow(header)
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    with whole_or_nothing(path) as temporary:
        temporary.write_bytes(held.getvalue().encode("utf-8", "replace"))
