"""Sections of documents by their headings, in time linear in a stranger's text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree, html

LEVELS = {f"h{level}": level for level in range(1, 7)}
UNSEEN = ("script", "style", "template")
FENCES = ("```", "~~~")
WORD = re.compile(r"[^\W\d_]{2,}|\d+")


@dataclass
class Section:
    """A heading and all text below it, up to the next heading of the same or a higher level."""

    level: int
    heading: str
    parts: list[str] = field(default_factory=list)

    @property
    def body(self) -> str:
        """The text below the heading; headings within it count as text."""
        return "\n".join(part for part in self.parts if part.strip()).strip()


def sections(text: str, is_html: bool) -> list[Section]:
    """The sections of a Markdown or HTML document, in order."""
    found: list[Section] = []
    around: list[Section] = []  # at most six, since their levels rise
    for level, part in _html_parts(text) if is_html else _markdown_parts(text):
        if level:
            around = [one for one in around if one.level < level]
        for one in around:
            one.parts.append(part)
        if level:
            around.append(Section(level, part))
            found.append(around[-1])
    return found


def prose_of_markdown(text: str) -> str:
    """Markdown without comments and fenced code, in which "#" begins a comment."""
    lines, fence = [], ""
    for line in without_comments(text).splitlines():
        mark = line.lstrip()[:3]
        if fence:
            fence = "" if mark == fence else fence
        elif mark in FENCES:
            fence = mark
        else:
            lines.append(line)
    return "\n".join(lines)


def without_comments(text: str) -> str:
    """Text without <!-- comments -->; one that does not end stays."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def word_count(text: str) -> int:
    """Words and numbers."""
    return len(WORD.findall(text))


def _markdown_parts(text: str) -> Iterator[tuple[int, str]]:
    """(level, heading) or (0, line of text)."""
    for line in prose_of_markdown(text).splitlines():
        bare = line.strip()
        level = len(bare) - len(bare.lstrip("#"))
        is_heading = 1 <= level <= 6 and bare[level : level + 1] in (" ", "\t")
        yield (level, bare.strip("#").strip()) if is_heading else (0, line)


def _html_parts(text: str) -> Iterator[tuple[int, str]]:
    """(level, heading) or (0, text between tags)."""
    try:
        root = html.fromstring(text)
    except (etree.ParserError, ValueError):
        return
    inside = 0  # how deep in a heading, or in what is not shown
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        covers = tag in LEVELS or tag in UNSEEN or not tag
        if event == "start":
            if tag in LEVELS and not inside:
                yield LEVELS[tag], " ".join(element.text_content().split())
            inside += covers
            if not inside:
                yield 0, element.text or ""
        else:
            inside -= covers
            if not inside:
                yield 0, element.tail or ""
