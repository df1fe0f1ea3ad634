"""Whether every file that is asked for is there and not empty."""

from pathlib import Path

from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.work import Work, text_of


class FilesPresent(EvidenceProbe):
    """For every pattern of an assignment a file that holds something."""

    name = "files_present"
    found = "Every file that is asked for is there and holds something."
    advice = "Add what is missing; look that no file is empty."

    def look(self, work: Work) -> Looked:
        return presence(work)


def presence(work: Work) -> Looked:
    """One piece of evidence a pattern: a file that fits it and is not empty."""
    missing = []
    for pattern in work.assignment.files:
        found = work.matching(pattern)
        if not found:
            missing.append(f"the file {pattern}")
        elif all(_is_empty(path) for path in found):
            missing.append(f"content in {work.inner(found[0])}, which is empty")
    asked = len(work.assignment.files)
    return Looked(asked - len(missing), asked, missing)


def _is_empty(path: Path) -> bool:
    if path.stat().st_size == 0:
        return True
    text = text_of(path)
    return text is not None and not text.strip("\ufeff \t\r\n")
