"""What an inbox remembers from look to look, and that only one look is at work at a time."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.errors import BadInput
from tasks.files import write_json

LEDGER_FILE = "inbox.json"
LOCK_FILE = ".inbox.lock"


class Sight(BaseModel):
    """A file as it was seen.

    Attributes:
        size: in bytes.
        mtime_ns: when it was last written to, in nanoseconds.
        since: when size and time were first seen to be these, in seconds since 1970.
        sha256: of the content, once it was read.
    """

    model_config = ConfigDict(extra="forbid")

    size: int
    mtime_ns: int
    since: float
    sha256: str | None = None


class Content(BaseModel):
    """What became of a content.

    Attributes:
        name: of the file in which it first came.
        state: running: begun, and not ended unless a look is at work; waiting: failed, to be
            tried again.
        when: it came into this state, in UTC.
        attempts: begun and not ended well, since it last came.
        reason: why it failed, or what was found.
        folder: of the results.
        file: where the video is, as far as this inbox moved it.
        repeats: names under which it came again.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    state: Literal["running", "waiting", "processed", "quarantined"]
    when: str
    attempts: int = 0
    reason: str = ""
    folder: str | None = None
    file: str | None = None
    repeats: list[str] = Field(default_factory=list)


class Ledger(BaseModel):
    """All contents by their sha256, and the files that are in the inbox by their names."""

    model_config = ConfigDict(extra="forbid")

    contents: dict[str, Content] = Field(default_factory=dict)
    files: dict[str, Sight] = Field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Ledger":
        """The ledger of an inbox; an empty one where there is none yet.

        Raises:
            BadInput: the file is not a ledger.
        """
        path = folder / LEDGER_FILE
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, ValidationError) as error:
            raise BadInput(
                f"{path}: is not the list of processed videos that it should be; repair it, or "
                "move it away, and then every video in the inbox counts as new."
            ) from error

    def write(self, folder: Path) -> None:
        """Keep it, whole or not at all."""
        write_json(folder / LEDGER_FILE, self.model_dump())


@contextmanager
def only_one(folder: Path) -> Iterator[bool]:
    """Whether this process may work in the folder: False while another one does.

    The lock is the kernel's and ends with its process, however that ends.
    """
    with open(folder / LOCK_FILE, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def now_utc() -> str:
    """The time, to the second, for people."""
    return datetime.now(UTC).isoformat(timespec="seconds")
