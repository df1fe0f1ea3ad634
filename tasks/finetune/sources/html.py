"""FAQs in HTML: a heading or term is a question, what follows up to the next one its answer."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from tasks.errors import BadInput
from tasks.finetune.sources.headings import fenced, is_question, question_of
from tasks.finetune.sources.locations import refuse_other_formats, shown, source_files
from tasks.finetune.sources.records import Damaged, Record, SourceFigures
from tasks.finetune.sources.spec import SourceSpec
from tasks.finetune.sources.text_files import encoding_of

SUFFIXES = {".html", ".htm", ".xhtml"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"}
# Nothing in these is part of an answer.
SKIPPED = {
    "head", "script", "style", "template", "noscript", "nav", "header", "footer", "aside", "form",
    "button", "select", "svg", "math", "object", "iframe", "audio", "video", "canvas",
}  # fmt: skip
# A line of text ends where one of these begins or ends.
BLOCKS = {
    "p", "div", "section", "article", "main", "body", "ul", "ol", "li", "dl", "dd", "pre",
    "blockquote", "table", "tr", "td", "th", "figure", "figcaption", "details", "address", "hr",
    *HEADINGS,
}  # fmt: skip
# Links that generators put behind a heading, whose text (a pilcrow) is no part of it.
PERMALINKS = {"headerlink", "anchor", "permalink", "self-link"}


def read_html(spec: SourceSpec, figures: SourceFigures) -> Iterator[Record | Damaged]:
    """Questions and answers of HTML files.

    Headings and `dt` are questions; `dt` that are none stay in the answer of a question above
    them. Paragraphs, lists and `pre` up to the next heading are the answer; one with a table is
    refused, since its cells would run together.

    Raises:
        BadInput: an empty file, or one without a heading.
    """
    for path in source_files(spec, SUFFIXES, figures):
        refuse_other_formats(path)
        page = _Page()
        for event, element in etree.iterwalk(_parsed(spec, path, figures), ("start", "end")):
            page.start(element) if event == "start" else page.end(element)
        entries = page.finished()
        if not entries:
            raise BadInput(
                f"{path} (source {spec.name}) holds no heading and no term: is it a FAQ in HTML?"
            )
        for entry in entries:
            yield _record(entry, path)


@dataclass
class _Entry:
    question: str
    line: int
    tag: str
    blocks: list[str] = field(default_factory=list)
    has_table: bool = False


def _record(entry: _Entry, path: Path) -> Record | Damaged:
    place = f"{path.name} line {entry.line}"
    answer = "\n\n".join(entry.blocks)
    if entry.has_table:
        reason = "table in the answer: its cells would run together as text"
        return Damaged(place, reason, f"{entry.question} {answer}")
    if not answer:
        return Damaged(place, "no answer: nothing stands under the heading", entry.question)
    return Record(place, {"instruction": entry.question, "input": "", "output": answer})


def _parsed(spec: SourceSpec, path: Path, figures: SourceFigures) -> etree._Element:
    """The document's tree; UTF-8 and UTF-16 by the bytes, else what the page declares."""
    data = path.read_bytes()
    encoding = spec.encoding or encoding_of(path)
    noted = encoding
    parser_encoding: str | None = encoding
    try:
        if spec.encoding or encoding not in ("cp1252", "latin-1"):
            text = data.decode(encoding, "surrogateescape" if "utf-8" in encoding else "strict")
            # Half a page in another encoding stays visible as replacement characters.
            data, parser_encoding = text.encode("utf-8", "replace"), "utf-8"
        elif b"charset" in data[:4096].lower():
            noted, parser_encoding = f"as the page declares, or {encoding}", None
        parser = lxml_html.HTMLParser(
            encoding=parser_encoding, remove_comments=True, remove_pis=True, huge_tree=True
        )
        tree = lxml_html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, LookupError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise BadInput(
            f"{path} (source {spec.name}) cannot be read as HTML ({problem}): mend it, or name "
            "its `encoding` in the source's YAML."
        ) from error
    for complaint in parser.error_log:
        if complaint.level_name == "FATAL":  # the rest of the page would be missing in silence
            raise BadInput(
                f"{path} (source {spec.name}) breaks off in line {complaint.line} "
                f"({complaint.message}): mend it."
            )
    for entry in figures.files:
        if entry["path"] == shown(path):
            entry["encoding"] = noted
    return tree


class _Page:
    """Walks through a page's elements and gathers the entries."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._text: list[str] = []
        self._lists: list[tuple[str, int]] = []  # the kind of each open list, items so far
        self._mark = ""  # what the next block begins with: a list item's dash or number
        self._skip_depth = 0
        self._pre_depth = 0
        self._heading: etree._Element | None = None

    def start(self, element: etree._Element) -> None:
        tag = element.tag
        if self._skip_depth or tag in SKIPPED or _is_permalink(element):
            self._skip_depth += 1
            return
        if tag in BLOCKS and not self._pre_depth and self._heading is None:
            self._flush()
        if tag == "pre":
            self._pre_depth += 1
        elif tag in HEADINGS and self._heading is None and not self._pre_depth:
            self._heading = element
        elif tag in ("ul", "ol"):
            self._lists.append((tag, 0))
        elif tag == "li" and self._lists:
            kind, count = self._lists[-1]
            self._lists[-1] = (kind, count + 1)
            self._mark = f"{count + 1}. " if kind == "ol" else "- "
        elif tag == "table" and self._entries:
            self._entries[-1].has_table = True
        elif tag == "br":
            self._text.append("\n" if self._pre_depth else " ")
        self._text.append(element.text or "")

    def end(self, element: etree._Element) -> None:
        tag = element.tag
        if self._skip_depth:
            self._skip_depth -= 1
        elif element is self._heading:
            self._end_heading(element)
        elif tag == "pre":
            self._pre_depth -= 1
            if not self._pre_depth:
                self._flush(code=True)
        elif tag in BLOCKS and not self._pre_depth and self._heading is None:
            self._flush()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
                self._mark = ""
        if not self._skip_depth:
            self._text.append(element.tail or "")

    def finished(self) -> list[_Entry]:
        """The entries of the whole page."""
        self._flush()
        return self._entries

    def _end_heading(self, element: etree._Element) -> None:
        self._heading = None
        title = question_of("".join(self._text))
        self._text = []
        if not title:
            return
        above = self._entries[-1] if self._entries else None
        in_answer = above and above.tag != "dt" and is_question(above.question)
        if element.tag == "dt" and in_answer and not is_question(title):
            above.blocks.append(f"- {title}")  # a list of terms inside an answer
            return
        self._entries.append(_Entry(title, element.sourceline or 0, element.tag))
        self._lists, self._mark = [], ""

    def _flush(self, code: bool = False) -> None:
        """End the running block and hand it to the entry that is open."""
        text = "".join(self._text)
        self._text = []
        if not text.strip():
            return
        if code:
            block = fenced(textwrap.dedent(text.expandtabs()).strip("\n").rstrip())
        else:
            block = " ".join(text.split())
        depth = len(self._lists) - (1 if self._mark else 0)
        indent = "  " * max(0, depth)
        block = textwrap.indent(block, indent + " " * len(self._mark))
        block = indent + self._mark + block[len(indent) + len(self._mark) :]
        if self._entries:
            blocks = self._entries[-1].blocks
            if self._mark and blocks and self._is_item(blocks[-1]):
                blocks[-1] = f"{blocks[-1]}\n{block}"  # items of a list stand line by line
            else:
                blocks.append(block)
        self._mark = ""

    @staticmethod
    def _is_item(block: str) -> bool:
        last = block.rpartition("\n")[2].lstrip()
        return last.startswith("- ") or last.partition(". ")[0].isdigit()


def _is_permalink(element: etree._Element) -> bool:
    return element.tag == "a" and not PERMALINKS.isdisjoint((element.get("class") or "").split())
