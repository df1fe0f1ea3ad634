"""Whether somebody else could get the same result: code, environment and outputs."""

import re
from pathlib import Path
from typing import Any

from tasks.assess.packs.base import EvidenceProbe, Looked, no_record, pieces
from tasks.assess.packs.work import Work
from tasks.files import sha256_of

COMMIT = re.compile(r"[0-9a-f]{7,64}")


class RunReproduction(EvidenceProbe):
    """A commit without changes, the environment, and outputs that are the recorded ones."""

    name = "run_reproduction"
    found = "Every run names its commit and environment, and its outputs are the recorded ones."
    advice = "Commit first, then run, then hand in the whole folder as it is."

    def look(self, work: Work) -> Looked:
        missing = no_record(work)
        if missing:
            return missing
        code, environment = _group(work, "code"), _group(work, "environment")
        outputs = _group(work, "outputs")
        checks = [
            (bool(COMMIT.fullmatch(str(code.get("commit")))), "`code.commit` in record.json"),
            (code.get("dirty") is False, "a run of committed code (`code.dirty` is not false)"),
            (
                bool(environment.get("python")) and bool(environment.get("packages")),
                "Python and packages under `environment` in record.json",
            ),
            (bool(outputs), "`outputs` in record.json"),
            *(_output(work, name, held) for name, held in outputs.items()),
        ]
        return pieces(checks, outputs=len(outputs))


def _group(work: Work, name: str) -> dict[str, Any]:
    held = work.record.get(name)
    return held if isinstance(held, dict) else {}


def _output(work: Work, name: str, held: Any) -> tuple[bool, str]:
    """(is it there and unchanged, what is missing) of one recorded output."""
    held = held if isinstance(held, dict) else {}
    recorded = str(held.get("path") or "")
    label = f"output '{str(name)[:80]}'"
    if not recorded or not held.get("sha256"):
        return False, f"path and sha256 of the {label}"
    path = _inside(work, recorded)
    if path is None:
        return False, f"the {label} in the folder: its path leads out of it"
    if not path.is_file():
        return False, f"the {label} ({recorded[:120]})"
    return sha256_of(path) == held["sha256"], f"the recorded content of the {label}: it was changed"


def _inside(work: Work, recorded: str) -> Path | None:
    """Where a recorded path leads, or None where that is not in the assignment's folder."""
    if work.folder is None or work.record_folder is None or "\0" in recorded:
        return None
    path = (work.record_folder / recorded).resolve()
    return path if path.is_relative_to(work.folder.resolve()) else None
