"""Keys, tokens and passwords in handed-in files."""

from collections.abc import Iterator
from pathlib import PurePath

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.readable_text import readable_texts
from tasks.assess.packs.work import Work
from tasks.credentials import find_credentials

RANDOM = "high-entropy string"
# Only in what people type a random string is a secret; tables and reports hold ids and hashes.
TYPED = (".py", ".ipynb", ".env", ".sh", ".toml", ".ini", ".cfg", ".yaml", ".yml", "")
MOST_NAMED = 5
BLOCK = 20_000


class NoSecrets(EvidenceProbe):
    """No file holds a credential. Which one it is, is never repeated."""

    name = "no_secrets"
    found = "No file holds a key, a token or a password."
    advice = "Revoke each of them where it was made, then take it out; read it from a variable."

    def look(self, work: Work) -> Looked:
        places = list(dict.fromkeys(_places(work)))
        told = [f"a file without secrets instead of {place}" for place in places[:MOST_NAMED]]
        if len(places) > MOST_NAMED:
            told.append(f"files without secrets instead of {len(places) - MOST_NAMED} more places")
        return Looked(int(not places), 1, told, {"places": len(places)})


def _places(work: Work) -> list[str]:
    found = []
    for inner, text in readable_texts(work):
        typed = PurePath(inner).suffix.lower() in TYPED
        for first_line, block in _blocks(text):
            for one in find_credentials(block):
                if one.kind != RANDOM or typed:
                    line = first_line + block.count("\n", 0, one.start)
                    found.append(f"{inner}, line {line} ({one.kind})")
    return found


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of blocks that bound the time of a search."""
    held: list[str] = []
    first = size = 0
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        first = first if held else number
        held.append(line[:BLOCK])
        size += len(held[-1])
        if size >= BLOCK:
            yield first, "".join(held)
            held, size = [], 0
    if held:
        yield first, "".join(held)
