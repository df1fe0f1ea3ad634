"""An append-only log in SQLite, each entry signed together with the one before it."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tasks.assess.course.keys import CourseKey
from tasks.errors import BadInput, StageFailed

SCHEMA = Path(__file__).with_name("schema.sql")
WAIT_SECONDS = 60.0
FIRST = ""

Kind = Literal["grade", "regrade", "judgement"]


class NewEntry(NamedTuple):
    """What is to be appended; see `Entry`."""

    kind: Kind
    student: str
    milestone: str
    submission_hash: str | None
    submitted: str | None
    grader_version: str | None
    data_seed: int | None
    score: float | None
    content: str


class Entry(NamedTuple):
    """One line of the log.

    Attributes:
        id: from 1 on without a gap.
        time: of appending, ISO 8601 in UTC.
        submitted: when the work was handed in, likewise.
        content: the whole result or judgement, as JSON.
        previous: signature of the entry before; empty for the first.
        signature: keyed hash of everything above.
    """

    id: int
    time: str
    kind: Kind
    student: str
    milestone: str
    submission_hash: str | None
    submitted: str | None
    grader_version: str | None
    data_seed: int | None
    score: float | None
    content: str
    previous: str
    signature: str


COLUMNS = ", ".join(Entry._fields)
PLACES = ", ".join("?" for _ in Entry._fields)
# Which entries to append, chosen with those that are there while nobody else can write.
Chosen = Callable[[Sequence[Entry]], Sequence[NewEntry]]


class Log:
    """The file. Threads and processes may use it at the same time; each append is on disk."""

    def __init__(self, path: Path, key: CourseKey) -> None:
        self.path = path
        self._key = key
        self._create()

    def entries(self, student: str | None = None, milestone: str | None = None) -> list[Entry]:
        """All entries in their order, or those of a student, of a milestone."""
        with self._open() as connection:
            return _entries(connection, student, milestone)

    def head(self) -> str:
        """Signature of the last entry: who keeps it elsewhere sees if the end is cut off."""
        with self._open() as connection:
            return _last(connection)[1]

    def append(
        self,
        choose: Chosen,
        student: str | None = None,
        milestone: str | None = None,
        head: str | None = None,
    ) -> list[Entry]:
        """Append what `choose` makes of the entries so far, all of it or nothing.

        Args:
            choose: given the entries of the student and milestone, gives the new ones; what it
                raises leaves the log as it was.
            student: whose entries it is given; everybody's where None.
            milestone: likewise.
            head: the last signature that the caller knows.

        Raises:
            BadInput: `head` is given, and something was appended since.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if head is not None and _last(connection)[1] != head:
                    raise BadInput(
                        f"{self.path}: grades were added since this was worked out; do it again."
                    )
                added = [
                    self._append(connection, new)
                    for new in choose(_entries(connection, student, milestone))
                ]
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        return added

    def problems(self, head: str | None = None) -> list[str]:
        """What in the log is not as it was written; empty where all signatures hold.

        Args:
            head: a last signature that was kept elsewhere; only with it a cut-off end is seen.
        """
        found, previous = [], FIRST
        for place, entry in enumerate(self.entries(), start=1):
            if entry.id != place:
                found.append(f"Entry {place} is missing.")
                break
            if entry.previous != previous:
                found.append(f"Entry {entry.id} does not follow the one before it.")
            if entry.signature != self._sign(entry[:-1]):
                found.append(
                    f"Entry {entry.id} ({entry.kind} of {entry.student}, {entry.milestone}) is "
                    "not as it was signed."
                )
            previous = entry.signature
        if head and head not in {entry.signature for entry in self.entries()}:
            found.append("The entry whose signature was kept is missing.")
        return found

    def _append(self, connection: sqlite3.Connection, new: NewEntry) -> Entry:
        last, previous = _last(connection)
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        unsigned = (last + 1, time, *new, previous)
        entry = Entry(*unsigned, signature=self._sign(unsigned))
        connection.execute(f"INSERT INTO entries ({COLUMNS}) VALUES ({PLACES})", entry)  # noqa: S608
        return entry

    def _sign(self, values: Sequence[Any]) -> str:
        return self._key.sign("gradebook", json.dumps(values, allow_nan=False).encode())

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Grades are for the instructor's eyes.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as connection:
            connection.executescript(SCHEMA.read_text(encoding="utf-8"))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, since threads must not share one."""
        try:
            with closing(
                sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.OperationalError as error:
            raise StageFailed(f"{self.path}: the gradebook cannot be used ({error}).") from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError):
                raise
            raise BadInput(
                f"{self.path}: is no gradebook, or is damaged ({error}); bring it back from a copy."
            ) from error


def _entries(
    connection: sqlite3.Connection, student: str | None, milestone: str | None
) -> list[Entry]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM entries WHERE (?1 IS NULL OR student = ?1) "  # noqa: S608
        "AND (?2 IS NULL OR milestone = ?2) ORDER BY id",
        (student, milestone),
    )
    return [Entry(*row) for row in rows]


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    """(id, signature) of the last entry."""
    row = connection.execute("SELECT id, signature FROM entries ORDER BY id DESC LIMIT 1")
    return row.fetchone() or (0, FIRST)
