"""Text from outside, made harmless."""

import html
import re


def plain(text: object) -> str:
    """Text from outside as inert Markdown: neither markup nor HTML."""
    one_line = " ".join(str(text).split())
    escaped = html.escape(one_line, quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~:.=@-])", r"\\\1", escaped)
