"""FAQs in POD, the format of Perl's documentation (perldoc perlpod)."""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.sources.headings import fenced, is_question, question_of
from tasks.finetune.sources.locations import source_files
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.sources.text_files import open_text

SUFFIXES = {".pod", ".pm", ".pl"}
QUESTION_LEVEL = 2  # =head2; =head1 names a chapter, =head3 a part of an answer
_COMMAND = re.compile(r"=([a-zA-Z]\w*)\s*(.*)", re.DOTALL)
_OPENING = re.compile(r"([A-Z])(<<+(?=\s)|<)")
_ENTITIES = {"lt": "<", "gt": ">", "verbar": "|", "sol": "/", "amp": "&", "quot": '"'}


def read_pod(spec: SourceSpec, figures: SourceFigures) -> Iterator[Record | Damaged]:
    """Questions and answers of POD files.

    A =head2 is a question, and so is any other heading or =item that ends in a question mark;
    the paragraphs up to the next question or =head1 are its answer, verbatim ones as fenced code.

    Raises:
        BadInput: an empty file, or one without a question.
    """
    for path in source_files(spec, SUFFIXES, figures):
        found = 0
        with open_text(spec, path, figures) as file:
            text = file.read()
        for place, entry in _entries(text, path):
            found += 1
            if entry.blocks:
                answer = _answer(entry.blocks)
                fields = {"instruction": entry.question, "input": "", "output": answer}
                yield Record(place, fields)
            else:
                yield Damaged(place, "no answer: nothing stands under the heading", entry.question)
        if not found:
            raise BadInput(
                f"{path} (source {spec.name}) holds no =head2 and no question: is it POD?"
            )


@dataclass
class _Entry:
    question: str
    line: int
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """("text" or "item" or "code", content)"""


def _entries(text: str, path: Path) -> Iterator[tuple[str, _Entry]]:
    """Every question with the blocks under it."""
    entry: _Entry | None = None
    in_pod = skipping = False
    for line, paragraph in _paragraphs(text):
        command = _COMMAND.match(paragraph)
        name, rest = (command[1], command[2]) if command else ("", "")
        if name == "cut":
            in_pod = False
        elif name:
            in_pod = True
        if not in_pod or skipping or name in ("begin", "for", "encoding", "pod", "cut"):
            skipping = (skipping or name == "begin") and name != "end"
            continue
        if name.startswith("head") or name == "item":
            heading = " ".join(_plain(rest).split())
            title = question_of(heading)
            if is_question(title) or name == f"head{QUESTION_LEVEL}":
                if entry:
                    yield f"{path.name} line {entry.line}", entry
                entry = _Entry(title, line)
            elif name == "head1":
                if entry:
                    yield f"{path.name} line {entry.line}", entry
                entry = None
            elif entry:
                is_item = name == "item"
                block = ("item", _bullet(heading)) if is_item else ("text", heading)
                entry.blocks.append(block)
        elif entry and not name:
            _add_paragraph(entry, paragraph)
    if entry:
        yield f"{path.name} line {entry.line}", entry


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """(line number, paragraph) between blank lines; tabs as Perl expands them."""
    lines: list[str] = []
    start = 1
    for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1):
        if line.strip():
            if not lines:
                start = number
            lines.append(line.expandtabs())
        elif lines:
            yield start, "\n".join(lines)
            lines = []
    if lines:
        yield start, "\n".join(lines)


def _add_paragraph(entry: _Entry, paragraph: str) -> None:
    if paragraph[0] != " ":
        entry.blocks.append(("text", " ".join(_plain(paragraph).split())))
    elif entry.blocks and entry.blocks[-1][0] == "code":
        # Verbatim paragraphs in a row are one listing with blank lines in it.
        entry.blocks[-1] = ("code", f"{entry.blocks[-1][1]}\n\n{paragraph}")
    else:
        entry.blocks.append(("code", paragraph))


def _bullet(title: str) -> str:
    """ "- text" for an =item; its own "*" or "3." is kept as a list's mark."""
    if title in ("", "*"):
        return "-"
    if re.fullmatch(r"\d+\.?", title):
        return title if title.endswith(".") else f"{title}."
    if re.match(r"\d+\.\s", title):
        return title
    return f"- {title.removeprefix('* ')}"


def _answer(blocks: list[tuple[str, str]]) -> str:
    parts: list[str] = []
    bare_mark = False
    for kind, content in blocks:
        text = fenced(textwrap.dedent(content)) if kind == "code" else content
        if bare_mark and kind == "text":
            parts[-1] = f"{parts[-1]} {text}"  # "=item *" has its text in the next paragraph
        else:
            parts.append(text)
        bare_mark = kind == "item" and re.fullmatch(r"-|\d+\.", content) is not None
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """A paragraph without its formatting codes: B<bold>, C<< $a->b >>, L<text|target>, E<lt> …"""
    pieces: list[str] = []
    # Each open code: its letter, the closing mark, and where its text begins in `pieces`.
    open_codes: list[tuple[str, str, int]] = []
    position = 0
    while position < len(text):
        opening = _OPENING.match(text, position)
        if opening:
            width = len(opening[2])
            closing = (" " if width > 1 else "") + ">" * width
            open_codes.append((opening[1], closing, len(pieces)))
            position = opening.end()
        elif open_codes and _closes(text, position, open_codes[-1][1]):
            letter, closing, start = open_codes.pop()
            content = "".join(pieces[start:])
            pieces[start:] = [_render(letter, content.strip() if len(closing) > 1 else content)]
            position += len(closing)
        else:
            pieces.append(text[position])
            position += 1
    return "".join(pieces)


def _closes(text: str, position: int, closing: str) -> bool:
    if closing == ">":
        return text[position] == ">"
    return text[position].isspace() and text.startswith(closing.lstrip(), position + 1)


def _render(letter: str, content: str) -> str:
    if letter in ("X", "Z"):
        return ""
    if letter == "E":
        return _character(content)
    if letter == "L":
        label, bar, target = content.partition("|")
        if bar:
            return f"{label} ({target})" if "://" in target else label
        return content if "://" in content else _link(content)
    return content


def _link(target: str) -> str:
    """A link without a text of its own as perldoc shows it: page/section is "section" in page."""
    page, slash, section = target.partition("/")
    if not slash:
        return page.strip('"')
    section = '"' + section.strip('"') + '"'
    return f"{section} in {page}" if page else section


def _character(name: str) -> str:
    if name in _ENTITIES:
        return _ENTITIES[name]
    try:
        if name.startswith(("0x", "x")):
            return chr(int(name.lstrip("0x"), 16))
        if name.isdigit():
            return chr(int(name, 8 if name.startswith("0") else 10))
    except (ValueError, OverflowError):
        return name
    return html.unescape(f"&{name};").rstrip(";").removeprefix("&")
