"""Something sensitive found in a text."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What was found and where: `text[start:end]`."""

    kind: str
    start: int
    end: int
