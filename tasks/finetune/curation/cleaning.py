"""Repairs that change no word: what can be put right is, before any filter asks.

Every repair is named, so that figures can say what was done to how many rows. White space inside
blocks of code is never touched, and text about mark-up or encodings keeps its examples.
"""

import html
import re
from collections.abc import Callable
from itertools import groupby

import ftfy

from tasks.finetune.curation.prose import INLINE_CODE, lines
from tasks.finetune.curation.question_form import completed_question
from tasks.finetune.rows import Row

FIELDS = ("instruction", "input", "output")

# Byte order mark, zero-width and bidirectional controls, soft hyphen. Not the two joiners that
# emoji and some scripts are written with.
_INVISIBLE = re.compile("[\ufeff\u200b\u2060\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_ABOUT_ENCODINGS = re.compile(
    r"(?i)\b(?:mojibake|garbled|encod\w+|charset|code ?page|utf-?8|latin-?1|windows-1252)\b"
)
_ABOUT_MARKUP = re.compile(
    r"(?i)\b(?:[xs]?html\d?|xml|xsl\w*|svg|css|markup|web ?pages?|entit(?:y|ies)|escap\w+"
    r"|tags?|elements?|markdown|jsx|jinja\d?|templates?)\b"
)
_ANY_TAG = re.compile(r"<[^<>\n]*>")
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,6}|[a-zA-Z][a-zA-Z0-9]{1,12});")
# Bounded, or stopped by the next of its kind, so that no text takes for ever.
_BREAK = re.compile(r"(?i)[ \t]*<br\s*/?>[ \t]*\n?")
_BLOCK = re.compile(r"(?i)\s{0,20}</?(?:p|div|section|article|blockquote|h[1-6])(?:\s[^<>]*)?>\s*")
_ITEM = re.compile(r"(?i)\s{0,20}<li(?:\s[^<>]*)?>\s*")
_DROPPED = re.compile(
    r"(?i)\s{0,20}</?(?:ul|ol)(?:\s[^<>]*)?>|</li>"
    r"|</?(?:b|i|u|em|strong|span|font|small|big|center|sup|sub|tt)(?:\s[^<>]*)?>"
)
_LINK = re.compile(r"(?is)<a\s+[^<>]*href=[\"']?([^\"'\s<>]+)[^<>]*>(.{0,500}?)</a>")
_CODE = re.compile(r"(?is)<code(?:\s[^<>]*)?>([^\n`]{0,200}?)</code>")
_PRE = re.compile(
    r"(?is)\s{0,20}<pre(?:\s[^<>]*)?>(?:<code[^<>]*>)?\n?((?:(?!<pre).)*?)\n?(?:</code>)?</pre>\s*"
)
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)

_FTFY = ftfy.TextFixerConfig(
    unescape_html=False, uncurl_quotes=False, fix_character_width=False, normalization="NFC"
)


def clean(row: Row) -> tuple[Row, list[str]]:
    """The row with what is safe to repair repaired.

    Returns:
        A new row and the names of the repairs that changed something, each once: "encoding",
        "invisible characters", "markup", "entities", "white space", "question mark".
    """
    cleaned = dict(row)
    everything = " ".join(row[field] for field in FIELDS)
    repairs: list[str] = []

    def repair(name: str, change: Callable[[str], str], fields: tuple[str, ...] = FIELDS) -> None:
        for field in fields:
            changed = change(cleaned[field])
            if changed != cleaned[field]:
                cleaned[field] = changed
                if name not in repairs:
                    repairs.append(name)

    if not everything.isascii() or not everything.isprintable():
        repair("white space", _one_line_end)
        if not _ABOUT_ENCODINGS.search(everything):
            repair("encoding", _decoded)
        repair("invisible characters", lambda text: _INVISIBLE.sub("", text))
    # Words inside a tag do not say what the text is about.
    if not _ABOUT_MARKUP.search(_ANY_TAG.sub(" ", everything)):
        repair("markup", _without_markup)
        repair("entities", _without_entities)
    repair("white space", _one_blank)
    repair("white space", lambda text: " ".join(text.split()), ("instruction",))
    if not cleaned["input"]:
        repair("question mark", completed_question, ("instruction",))
    return cleaned, repairs


def _one_line_end(text: str) -> str:
    return _LINE_ENDS.sub("\n", text)


def _decoded(text: str) -> str:
    return text if text.isascii() and "\x1b" not in text else ftfy.fix_text(text, _FTFY)


def _without_markup(text: str) -> str:
    """HTML that a scraper left in prose, as the text and Markdown it stands for."""
    if "<" not in text:
        return text
    text = _PRE.sub(lambda found: f"\n\n```\n{html.unescape(found[1])}\n```\n\n", text)
    text = _CODE.sub(lambda found: f"`{html.unescape(found[1])}`", text)
    return _outside_code(text, _without_tags)


def _without_tags(text: str) -> str:
    text = _COMMENT.sub("", text)
    text = _LINK.sub(lambda found: _link(*found.groups()), text)
    text = _BREAK.sub("\n", text)
    text = _ITEM.sub("\n- ", text)
    text = _BLOCK.sub("\n\n", text)
    return _DROPPED.sub("", text)


def _link(address: str, words: str) -> str:
    words = words.strip()
    return words if not words or address in words else f"{words} ({address})"


def _without_entities(text: str) -> str:
    """Named and numbered characters of HTML in prose; an unknown name is left as it is."""
    if "&" not in text:
        return text
    return _outside_code(text, lambda part: _ENTITY.sub(lambda one: html.unescape(one[0]), part))


def _one_blank(text: str) -> str:
    """Prose with single blanks and no trailing ones, at most one empty line between paragraphs."""
    parts = []
    for is_code, group in groupby(lines(text), key=lambda pair: pair[1]):
        part = "\n".join(line for line, _ in group)
        if not is_code:
            part = part.replace("\xa0", " ").replace("\u202f", " ")
            part = re.sub(r"[ \t]+$", "", part, flags=re.MULTILINE)
            part = _outside_inline_code(part, _single_blanks)
            part = re.sub(r"\n{3,}", "\n\n", part)
        parts.append(part)
    # The first line keeps its indent: it may be the first of a block of code.
    return re.sub(r"^(?:[ \t]*\n)+", "", "\n".join(parts)).rstrip()


def _single_blanks(text: str) -> str:
    return re.sub(r"(?<=\S)(?:[ \t]{2,}|\t)(?=\S|$)", " ", text)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text changed outside blocks of code and inline code."""
    parts = []
    for is_code, group in groupby(lines(text), key=lambda pair: pair[1]):
        part = "\n".join(line for line, _ in group)
        parts.append(part if is_code else _outside_inline_code(part, change))
    return "\n".join(parts)


def _outside_inline_code(text: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for code in INLINE_CODE.finditer(text):
        parts += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, change(text[end:])])
