"""What a filter says of a row that it blocks."""

from typing import NamedTuple, Protocol

from tasks.finetune.rows import Row


class Fault(NamedTuple):
    """Why a row is blocked.

    Attributes:
        reason: one of a filter's few fixed phrases, so that rows can be counted by it.
        value: what was found in this row. Not masked: it may hold what must not be shown.
    """

    reason: str
    value: str


class Filter(Protocol):
    """One filter; `name` is what it is called in figures and in the quarantine."""

    name: str

    def check(self, row: Row) -> Fault | None:
        """Why the row is blocked, or None to let it through."""
