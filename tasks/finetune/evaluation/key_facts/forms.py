"""What several kinds of facts are looked for with."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.finetune.curation.prose import FENCE, INLINE_CODE, lines

SHELLS = {"bash", "sh", "shell", "zsh", "console", "fish", "powershell", "ps1", "cmd", "bat"}


class Found(NamedTuple):
    """Where a fact stands in the text, and the form in which it is compared.

    The key is empty where something that is no fact must not be taken for one of another kind.
    """

    start: int
    end: int
    key: str


class Code(NamedTuple):
    """A piece of code: where it begins, its text, and how it is marked."""

    start: int
    text: str
    is_inline: bool
    is_shell: bool  # the fence names a shell


def code(text: str) -> Iterator[Code]:
    """Lines of blocks of code, and inline code outside them."""
    position = 0
    language: str | None = None
    for line, is_code in lines(text):
        fence = FENCE.match(line)
        if is_code and fence:
            language = line.strip(" `~").lower() if language is None else None
        elif is_code:
            yield Code(position, line, False, (language or "") in SHELLS)
        else:
            language = None
            for match in INLINE_CODE.finditer(line):
                yield Code(position + match.start(2), match[2], True, False)
        position += len(line) + 1


def stands_in(words: str, text: str, any_case: bool = True) -> bool:
    """Whether words stand in a text as whole words, with any white space between them."""
    if words.split()[0].casefold() not in text.casefold():
        return False  # most are not there, and a pattern is costly to make
    flags = re.IGNORECASE if any_case else re.NOFLAG
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    return re.search(rf"(?<![\w-]){pattern}(?![\w-])", text, flags) is not None
