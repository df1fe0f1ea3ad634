"""Which part of a text is prose and which is code."""

import re
from collections.abc import Iterator

FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
LIST_ITEM = re.compile(r"\s*(?:[-*+•‣]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+")
INLINE_CODE = re.compile(r"(`+)(?!`)((?:(?!\n\s*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
URL = re.compile(
    r"\b(?:https?|ftp|file|ssh|git|ldaps?|smb)://[^\s<>\"'`)\[\]]+|\bwww\.[^\s<>\"'`)\[\]]+"
)


def lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line of a text and whether it is code: fenced (fences too), or indented by four.

    An indented line that begins as a list item is a nested list, not code.
    """
    fence = ""
    for line in text.split("\n"):
        opening = FENCE.match(line)
        if fence:
            yield line, True
            if opening and opening[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif opening and "`" not in line[opening.end() :]:
            fence = opening[1]
            yield line, True
        else:
            yield line, line.startswith(("    ", "\t")) and not LIST_ITEM.match(line)


def open_fence(text: str) -> bool:
    """Whether a fenced block begins and does not end."""
    fence = ""
    for line in text.split("\n"):
        opening = FENCE.match(line)
        if not opening:
            continue
        if fence:
            if opening[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif "`" not in line[opening.end() :]:
            fence = opening[1]
    return bool(fence)


def prose(text: str) -> str:
    """The text without blocks of code, inline code and addresses."""
    kept = "\n".join(line for line, is_code in lines(text) if not is_code)
    return URL.sub(" ", INLINE_CODE.sub(" ", kept))


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set to look in."""
    return frozenset(text.split())
