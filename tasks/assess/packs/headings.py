"""Sections of documents by their headings, and how many words are below them."""

import html
import re

_MARKDOWN = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_HTML = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
WORD = re.compile(r"[^\W\d_]{2,}|\d+")


def without_fences(text: str) -> str:
    """Markdown without fenced code, in which "#" begins a comment."""
    return _FENCE.sub("", text)


def sections(text: str, is_html: bool) -> list[tuple[int, str, str]]:
    """(level, heading, body up to the next heading of the same or a higher level)."""
    text = _HIDDEN.sub("", text) if is_html else without_fences(_HIDDEN.sub("", text))
    found = list((_HTML if is_html else _MARKDOWN).finditer(text))
    levels = [int(one[1]) if is_html else len(one[1]) for one in found]
    ends = [
        next(
            (
                later.start()
                for later, level in zip(found[at + 1 :], levels[at + 1 :], strict=True)
                if level <= levels[at]
            ),
            len(text),
        )
        for at in range(len(found))
    ]
    return [
        (level, readable(one[2], is_html), readable(text[one.end() : end], is_html))
        for one, level, end in zip(found, levels, ends, strict=True)
    ]


def readable(text: str, is_html: bool) -> str:
    """Text without tags."""
    return html.unescape(_TAG.sub(" ", text)).strip() if is_html else text.strip()


def word_count(text: str) -> int:
    """Words and numbers."""
    return len(WORD.findall(text))
