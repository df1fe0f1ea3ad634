"""Addresses: URLs and those of networks. Scheme, case and the last slash do not matter.

Hosts under example.com and its like, and the address of everything, stand for any address, and
are none.
"""

import re
from collections.abc import Iterator

from tasks.finetune.curation.prose import URL
from tasks.finetune.evaluation.key_facts.forms import Found

_NETWORK = re.compile(
    r"(?<![\w.:])(?:"
    r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?"
    r"|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"
    r"|(?=[0-9A-Fa-f:]*::)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:/\d{1,3})?"
    r"|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
    r")(?![\w:]|\.\d)"
)
_EVERYTHING = {"::", "0.0.0.0"}  # noqa: S104 — no socket is bound
_PLACEHOLDER = re.compile(r"\bexample\.(?:com|org|net|edu)\b|\.(?:example|test|invalid)\b")


def find(text: str) -> Iterator[Found]:
    """URLs and network addresses; the key has no scheme, no "www." and no last slash."""
    for match in URL.finditer(text):
        url = match[0].rstrip(".,;:!?'*_")
        key = re.sub(r"^\w+://", "", url.lower()).removeprefix("www.").rstrip("/")
        yield Found(match.start(), match.start() + len(url), _unless_placeholder(key))
    outside = URL.sub(lambda match: "\0" * len(match[0]), text)
    for match in _NETWORK.finditer(outside):
        key = "" if match[0] in _EVERYTHING else match[0].lower().replace("-", ":")
        yield Found(match.start(), match.end(), key)


def stated(key: str, text: str, found: set[str]) -> bool:
    """Nothing but the same address states it."""
    return False


def _unless_placeholder(key: str) -> str:
    return "" if _PLACEHOLDER.search(key) else key
