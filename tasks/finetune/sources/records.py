"""What the readers hand on: records as they stand in a source, and those that are none."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from tasks.finetune.sources.spec import SourceSpec

EXCERPT_CHARACTERS = 200


class Record(NamedTuple):
    """One record of a source: where it stands ("line 7") and its fields as they were read."""

    place: str
    fields: dict[str, Any]


class Damaged(NamedTuple):
    """A record that cannot be read: where it stands, "what is wrong: detail", and its text."""

    place: str
    reason: str
    text: str


@dataclass(frozen=True)
class Unreadable:
    """A row of a source that is not taken, so that every row that was read is accounted for."""

    row_id: str
    source: str
    reason: str
    """ "category: detail"; the category is one of few and serves as a counter's name."""
    excerpt: str
    """The first characters of its text, personal data and all: mask it before it is shown."""

    @property
    def category(self) -> str:
        """The part of the reason that many rows share."""
        return self.reason.partition(":")[0]


@dataclass
class SourceFigures:
    """What is known of a source after it was read. Plain values, ready for JSON."""

    source: str
    kind: str
    url: str = ""
    license: str = ""
    files: list[dict[str, str]] = field(default_factory=list)
    """path, sha256 and, for text, encoding of each file"""
    columns: dict[str, str] = field(default_factory=dict)
    """row key: the source's column that fills it"""
    columns_guessed: list[str] = field(default_factory=list)
    columns_unused: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_kept: int = 0
    rows_refused: int = 0
    refused_by_reason: Counter[str] = field(default_factory=Counter)
    kept_by_domain: Counter[str] = field(default_factory=Counter)
    kept_by_license: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, the counters by size."""
        values = asdict(self)
        for name in ("refused_by_reason", "kept_by_domain", "kept_by_license"):
            values[name] = dict(getattr(self, name).most_common())
        return values


Reader = Callable[[SourceSpec, SourceFigures], Iterator[Record | Damaged]]


def excerpt(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text[: 2 * EXCERPT_CHARACTERS].split())[:EXCERPT_CHARACTERS]
