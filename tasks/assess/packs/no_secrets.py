"""Keys, tokens and passwords in handed-in files."""

from pathlib import PurePath

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.readable_text import readable_texts
from tasks.assess.packs.work import Work
from tasks.credentials import find_credentials

RANDOM = "high-entropy string"
# Only in what people type a random string is a secret; tables and reports hold ids and hashes.
TYPED = (".py", ".ipynb", ".env", ".sh", ".toml", ".ini", ".cfg", ".yaml", ".yml", "")
MOST_NAMED = 5


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
        for one in find_credentials(text):
            if one.kind != RANDOM or typed:
                line = text.count("\n", 0, one.start) + 1
                found.append(f"{inner}, line {line} ({one.kind})")
    return found
