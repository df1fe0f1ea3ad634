"""Text that was decoded wrongly and cannot be put right."""

import re
import unicodedata

from ftfy.badness import badness

from tasks.finetune.curation.fault import Fault
from tasks.finetune.rows import Row

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# From here on a few odd characters in a long text are damage and not an accented name.
_BADNESS = 2


class Encoding:
    """Blocks rows with replacement characters, control characters or mojibake left in them."""

    name = "encoding"

    def check(self, row: Row) -> Fault | None:
        """The first sign of damage in the instruction, the input or the output."""
        for field in ("instruction", "input", "output"):
            text = row[field]
            if text.isascii() and text.isprintable():
                continue
            for reason, found in _signs(text):
                return Fault(reason, f"{field}: {found}")
        return None


def _signs(text: str):
    at = text.find("\ufffd")
    if at >= 0:
        yield "replacement characters", _around(text, at)
    control = _CONTROL.search(text)
    if control:
        yield "control characters", f"U+{ord(control[0]):04X} at {control.start()}"
    if text.isascii():
        return
    for at, char in enumerate(text):
        if char > "\ud7ff" and unicodedata.category(char) in ("Co", "Cs"):
            yield "private or broken characters", f"U+{ord(char):04X} at {at}"
            break
    if badness(text) >= _BADNESS:
        odd = next(at for at, char in enumerate(text) if not char.isascii())
        yield "mojibake", _around(text, odd)


def _around(text: str, at: int) -> str:
    return " ".join(text[max(0, at - 20) : at + 20].split())
