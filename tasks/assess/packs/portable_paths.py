"""Absolute paths, which only their author's machine has."""

import re

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.readable_text import lines_of
from tasks.assess.packs.work import Work

MOST_NAMED = 5
# Rows of data may speak of any path; what people and programs wrote about the work may not.
DATA = (".csv", ".tsv", ".jsonl", ".ndjson")
# Roots below which people and their tools keep files; /usr, /dev and the like every system has.
_ROOTS = (
    r"home|Users|root|mnt|media|Volumes|tmp|var/folders|private|content|kaggle|workspaces?|scratch"
    r"|data|datasets|projects?|storage|srv|nfs|gpfs|lustre"
)
# After a single backslash n, t and the like are escapes in a string rather than folders.
_DRIVE = r"""(?<!\w)[A-Za-z]:(?:\\\\|/(?!/)|\\(?![abfnrtuvx0"'\\]))[\w.@%+~-]{2,}"""
ABSOLUTE = re.compile(
    rf"(?<![\w./~:$}}<>*%\\-])/(?:{_ROOTS})/[\w.@%+~-]+|{_DRIVE}|file:///[\w.@%+~-]+"
)


class NoAbsolutePaths(EvidenceProbe):
    """No text names a place on somebody's machine; tables of data apart."""

    name = "no_absolute_paths"
    found = "No file names a place that only its author's machine has."
    advice = "Write paths from the project's folder on, or read them from an argument."

    def look(self, work: Work) -> Looked:
        places = [
            f"a relative path in {inner}, line {number}"
            for inner, number, line in lines_of(work)
            if not inner.lower().endswith(DATA) and ABSOLUTE.search(line)
        ]
        told = places[:MOST_NAMED]
        if len(places) > MOST_NAMED:
            told.append(f"relative paths in {len(places) - MOST_NAMED} more lines")
        return Looked(int(not places), 1, told, {"lines": len(places)})
