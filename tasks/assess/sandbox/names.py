"""A student's name as part of a path."""

import hashlib
import re
import unicodedata

LONGEST = 60
OTHER = re.compile(r"[^\w.-]+")
# Windows opens devices by these, whatever the suffix.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file name that stays in its folder: letters, digits, ".", "-" and "_".

    A name that had to be changed gets a mark made of the original, so that no two names meet.
    """
    plain = OTHER.sub("_", unicodedata.normalize("NFKC", name))
    plain = plain.strip("._-")[:LONGEST].rstrip("._-")
    if plain and plain == name and not DEVICES.fullmatch(plain):
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain or 'student'}-{mark}"
