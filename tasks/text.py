"""Text from outside, made harmless."""

import html
import re

# Control characters, marks of direction, and halves of surrogate pairs, which cannot be written.
_STEERING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: object) -> str:
    """Text from outside as inert Markdown: neither markup nor HTML."""
    one_line = " ".join(str(text).split())
    escaped = html.escape(one_line, quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~:.=@-])", r"\\\1", escaped)


def printable(text: object) -> str:
    """Text from outside for a terminal or a page: its lines, without what would steer either.

    Control characters (a terminal obeys escape sequences) and marks that change the direction of
    writing are shown as "�"; a tab becomes a space.
    """
    lines = str(text).replace("\t", " ").splitlines()
    return "\n".join(_STEERING.sub("�", line) for line in lines)
