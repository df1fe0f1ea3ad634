"""Text files in whatever encoding they come."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tasks.errors import BadInput
from tasks.finetune.sources.locations import refuse_other_formats, shown
from tasks.finetune.sources.records import SourceFigures
from tasks.finetune.sources.spec import SourceSpec

SAMPLE_BYTES = 65536
CHUNK_BYTES = 1 << 20
# Longest first: the mark of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPED = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def open_text(spec: SourceSpec, path: Path, figures: SourceFigures) -> Iterator[TextIO]:
    """A text file opened for reading, its encoding guessed (or the spec's) and noted.

    Line ends are as in the file (newline=""). Bytes that a mostly sound UTF-8 file should not
    hold become lone surrogates; `is_damaged` finds them.

    Raises:
        BadInput: it is no text, or not in the encoding that the spec names.
    """
    refuse_other_formats(path)
    encoding = spec.encoding or encoding_of(path)
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise BadInput(f"Source {spec.name}: there is no encoding '{encoding}'.") from None
    for entry in figures.files:
        if entry["path"] == shown(path):
            entry["encoding"] = encoding
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    try:
        with open(path, encoding=encoding, errors=errors, newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} is not {encoding} ({error.reason} at byte {error.start}): name its "
            f"`encoding` in the source's YAML."
        ) from error


def encoding_of(path: Path) -> str:
    """utf-8, utf-8-sig, utf-16, utf-32, utf-16-le/-be (without a mark), cp1252 or latin-1.

    UTF-8 is also what has more valid multi-byte characters than bytes that break it: one bad byte
    must not garble every other line.

    Raises:
        BadInput: the file holds binary data.
    """
    with open(path, "rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if max(even, odd) > 0.4 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    if even + odd > 0.01 * len(sample):
        raise BadInput(f"{path} is no text file: it holds binary data.")
    valid, broken = _count_utf8(path)
    if broken == 0 or valid > broken:
        return "utf-8"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def is_damaged(text: str) -> bool:
    """Whether a text holds lone surrogates: bytes that are no text, or half a JSON escape."""
    return _SURROGATE.search(text) is not None


def _count_utf8(path: Path) -> tuple[int, int]:
    """Characters beyond ASCII, and bytes that are not UTF-8."""
    valid = broken = 0
    for text in _decoded(path, "utf-8", "surrogateescape"):
        escaped = len(_ESCAPED.findall(text))
        broken += escaped
        valid += len(_NOT_ASCII.findall(text)) - escaped
    return valid, broken


def _decodes(path: Path, encoding: str) -> bool:
    try:
        for _ in _decoded(path, encoding, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded(path: Path, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
