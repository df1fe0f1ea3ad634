"""The same question asked twice."""

import hashlib
import re

from tasks.finetune.curation.fault import Fault
from tasks.finetune.rows import Row

# What sets two prints of one question apart; signs such as + and # tell C, C++ and C# apart.
_EMPTY = re.compile(r"[\s?!.,;:'\"`\u201c\u201d\u2018\u2019]+")


def normalised(text: str) -> str:
    """The text in lower case, white space and marks between words made one blank."""
    return _EMPTY.sub(" ", text.casefold()).strip()


class ExactDuplicates:
    """Blocks rows whose instruction and input, normalised, an earlier row has.

    Asked last: only rows that nothing else blocks are remembered, so that a faulty first copy
    never drives out a good second one. Holds a number and an id a row.
    """

    name = "exact_duplicates"

    def __init__(self) -> None:
        self._first: dict[int, str] = {}

    def check(self, row: Row) -> Fault | None:
        """The earlier row with the same question, which is kept."""
        content = f"{normalised(row['instruction'])}\0{normalised(row['input'])}"
        key = int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest())
        first = self._first.setdefault(key, row["row_id"])
        if first == row["row_id"]:
            return None
        return Fault("exact duplicate", f"same question as {first}, which is kept")
