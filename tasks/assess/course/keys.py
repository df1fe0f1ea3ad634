"""The course's secret key, and what is derived of it."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from tasks.errors import BadInput

KEY_FILE = "course.key"
KEY_BYTES = 32
SHORTEST_PSEUDONYM = 6


class CourseKey:
    """A key that stays in the course's folder.

    Whoever has it can tell which student a pseudonym stands for, foresee which test data an
    attempt gets, and sign entries of the gradebook.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def make(cls, folder: Path) -> "CourseKey":
        """Write a new key, readable by its owner alone; one that is there already stays.

        Raises:
            BadInput: the one that is there is no key.
        """
        path = folder / KEY_FILE
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls.read(folder)
        with open(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls.read(folder)

    @classmethod
    def read(cls, folder: Path) -> "CourseKey":
        """The key of a course.

        Raises:
            BadInput: it is missing or damaged.
        """
        path = folder / KEY_FILE
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except FileNotFoundError as error:
            raise BadInput(
                f"{path}: the course's key is missing; bring it back from a copy, since without "
                "it neither pseudonyms nor the signatures of the gradebook can be followed."
            ) from error
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{path}: cannot be read as the course's key; bring it back from a copy."
            ) from error
        if len(key) != KEY_BYTES:
            raise BadInput(f"{path}: is not a whole key; bring it back from a copy.")
        return cls(key)

    def sign(self, purpose: str, message: bytes) -> str:
        """Hex HMAC-SHA256 of a message, by a key of its own for each purpose."""
        own = hmac.digest(self._key, purpose.encode(), hashlib.sha256)
        return hmac.new(own, message, hashlib.sha256).hexdigest()

    def data_seed(self, student: str, milestone: str, submission_hash: str) -> int:
        """The seed of an attempt's test data, from 0 to 2**31 - 1.

        The same for the same work, whenever and in whatever order it is graded; another one for
        another attempt, so that nobody tunes to a subset.
        """
        message = "\0".join((student, milestone, submission_hash)).encode()
        return int(self.sign("data seed", message)[:8], 16) & 0x7FFFFFFF


def pseudonyms(key: CourseKey, students: Iterable[str]) -> dict[str, str]:
    """Student to pseudonym ("student-3fa9c1"): the same in every report of the course.

    Longer in the rare class where two would be alike; it says nothing of the order or the name.
    """
    marks = {student: key.sign("pseudonym", student.encode()) for student in set(students)}
    length = SHORTEST_PSEUDONYM
    while len({mark[:length] for mark in marks.values()}) < len(marks):
        length += 1
    return {student: f"student-{marks[student][:length]}" for student in sorted(marks)}
