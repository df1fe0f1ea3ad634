"""What a text still leaves to be filled in."""

import re
from collections.abc import Iterable

from tasks.pages import inert
from tasks.text import plain

_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_EMPTY_ROW = re.compile(r"^\|(?:\s*\|)+\s*$")
_RULE_ROW = re.compile(r"^\|(?:\s*:?-{3,}:?\s*\|)+\s*$")
_UNKNOWN_CELL = re.compile(r"\|\s*(?:None|nan|NaN|null|undefined|inf|\?+|tbd|n/a)\s*(?=\|)", re.I)
_FORMS = (
    re.compile(r"\b(?:TODO|TBD|TBA|FIXME|XXX+)\b"),
    re.compile(
        r"\[[^\]\n]*\b(?:more information|needed|insert|your|fill in|placeholder)\b[^\]\n]*\]", re.I
    ),
    re.compile(r"<\s*(?:your|insert|add|fill|placeholder|todo)\b[^>\n]*>", re.I),
    re.compile(r"\{\{.*?\}\}|\{%.*?%\}"),
    re.compile(r"\blorem ipsum\b", re.I),
    re.compile(
        r"\bto be (?:added|announced|decided|defined|determined|filled in|written)\b|\bcoming soon",
        re.I,
    ),
    re.compile(r"\$\{\w+\}"),
    re.compile(r"^(?:None|nan|null)$"),
    re.compile(r"(?<=: )(?:None|nan|null)\s*$"),
)


def placeholders(markdown: str, names: Iterable[str] = ()) -> list[str]:
    """What is left open in a Markdown text, each with its line; empty where nothing is.

    Found are marks such as "[More Information Needed]", TODO, "<your name>" and template syntax;
    cells and values that are None or nan; rows of a table without a value; tables without a row;
    and headings with nothing below them. Fenced code is looked at for the marks alone.

    Args:
        markdown: the text.
        names: that the data have, of sources, domains and licences. One that looks like a mark is
            none where it names a row of a table, stands as in "the source TODO is", or has its
            share behind it as in "TODO (31.0 %)" or "TODO 31 %".
    """
    in_code = _lines_in_code(markdown)
    lines = _without_names(markdown, names).splitlines()
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        found += [(number, match[0].strip()) for form in _FORMS for match in form.finditer(line)]
        if number not in in_code:
            found += [(number, match[0].strip("| ")) for match in _UNKNOWN_CELL.finditer(line)]
            if _EMPTY_ROW.match(line):
                found.append((number, "a row without a value"))
    found += _tables_without_rows(lines, in_code) + _empty_sections(lines, in_code)
    return [f"line {number}: {what}" for number, what in sorted(set(found))]


def _without_names(markdown: str, names: Iterable[str]) -> str:
    written = {form for name in names for form in (inert(name), plain(name)) if form}
    if not written:
        return markdown
    either = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
    of_row = re.compile(rf"^\|[ ]*(?:{either})[ ]*(?=\|)", re.MULTILINE)
    with_share = re.compile(rf"(?<!\w)(?:{either})(?= \\?\(?\d+(?:\\?\.\d)? %)")
    of_source = re.compile(rf"(?<=the source )(?:{either})(?= )")
    return of_source.sub("name", with_share.sub("name", of_row.sub("| name ", markdown)))


def _lines_in_code(markdown: str) -> set[int]:
    inside: set[int] = set()
    for block in _CODE.finditer(markdown):
        first = markdown.count("\n", 0, block.start()) + 1
        inside.update(range(first, first + block[0].count("\n") + 1))
    return inside


def _tables_without_rows(lines: list[str], in_code: set[int]) -> list[tuple[int, str]]:
    after = [*lines[1:], ""]
    return [
        (number, "a table without a row")
        for number, (line, following) in enumerate(zip(lines, after, strict=True), start=1)
        if number not in in_code and _RULE_ROW.match(line) and not following.startswith("|")
    ]


def _empty_sections(lines: list[str], in_code: set[int]) -> list[tuple[int, str]]:
    """Headings that are followed by the end, or by a heading that is not below them."""
    found = []
    open_heading: tuple[int, int, str] | None = None
    for number, line in enumerate(lines, start=1):
        heading = None if number in in_code else _HEADING.match(line)
        if heading:
            level = len(heading[1])
            if open_heading and level <= open_heading[1]:
                found.append((open_heading[0], f"nothing below the heading {open_heading[2]}"))
            open_heading = (number, level, heading[2])
        elif line.strip():
            open_heading = None
    if open_heading:
        found.append((open_heading[0], f"nothing below the heading {open_heading[2]}"))
    return found
