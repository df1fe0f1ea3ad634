"""Text from outside, made harmless."""

import html
import re


def plain(text: object) -> str:
    """Text from outside as inert Markdown: neither markup nor HTML."""
    escaped = html.escape(str(text), quote=False).replace("\n", " ")
    return re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", escaped)
