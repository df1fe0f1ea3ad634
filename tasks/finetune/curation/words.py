"""An output is neither a stub nor a chapter."""

from tasks.finetune.curation.fault import Fault
from tasks.finetune.rows import Row


def count_words(text: str) -> int:
    """Words of a text: what white space separates, code included."""
    return len(text.split())


class OutputWords:
    """Blocks rows whose output is too short or too long."""

    name = "words"

    def __init__(self, least: int = 20, most: int = 500) -> None:
        self.least = least
        self.most = most

    def check(self, row: Row) -> Fault | None:
        """An output outside the bounds; both bounds are allowed."""
        words = count_words(row["output"])
        if words < self.least:
            return Fault("output too short", f"{words} words, fewer than {self.least}")
        if words > self.most:
            return Fault("output too long", f"{words} words, more than {self.most}")
        return None
