"""Keys of the keyboard: combinations, and the function keys."""

import re
from collections.abc import Iterator

from tasks.finetune.evaluation.key_facts.forms import Found

_HELD = "ctrl|control|alt|shift|cmd|command|option|win|windows|super|meta|fn"
_PRESSED = (
    r"(?:del(?:ete)?|esc(?:ape)?|enter|return|tab|space|home|end|insert|backspace|f\d{1,2}|\w)"
)
_COMBINATION = re.compile(
    rf"(?<![\w-])(?:(?:{_HELD})(?:\s?\+\s?|-)){{1,4}}(?:{_HELD}|{_PRESSED})(?:\s?\+\s?{_PRESSED})?(?![\w-])",
    re.IGNORECASE,
)
_FUNCTION = re.compile(r"(?<![\w+-])F(?:[1-9]|1[0-2])(?!\w)")
_SHORT = {
    "control": "ctrl",
    "command": "cmd",
    "windows": "win",
    "delete": "del",
    "escape": "esc",
    "return": "enter",
}


def find(text: str) -> Iterator[Found]:
    """Combinations and function keys; the key is in lower case, joined by "+"."""
    taken = text
    for pattern in (_COMBINATION, _FUNCTION):
        for match in pattern.finditer(taken):
            parts = re.split(r"\s?[+-]\s?", match[0].lower())
            yield Found(match.start(), match.end(), "+".join(_SHORT.get(p, p) for p in parts))
        taken = pattern.sub(lambda match: "\0" * len(match[0]), taken)


def stated(key: str, text: str, found: set[str]) -> bool:
    """Nothing but the same keys states them."""
    return False
