"""A row needs an instruction and an output that say something."""

import re

from tasks.finetune.curation.fault import Fault
from tasks.finetune.rows import Row

# Fields that a form or an export fills in where nobody wrote anything.
_PLACEHOLDER = re.compile(
    r"(?:n/?a|none|null|nil|nan|undefined|todo|tbd|tba|fixme|xxx+|test|asdf\w*|\?+|-+|\.+"
    r"|see above|same as above|no answer|lorem ipsum.*|\[(?:deleted|removed)\])[.!]?",
    re.IGNORECASE | re.DOTALL,
)
_LETTER = re.compile(r"[^\W\d_]")


class Schema:
    """Blocks rows in which the instruction or the output is missing or a placeholder."""

    name = "schema"

    def check(self, row: Row) -> Fault | None:
        """A field of the row that says nothing."""
        for field in ("instruction", "output"):
            text = row[field].strip()
            if not text:
                return Fault(f"no {field}", "empty")
            if _PLACEHOLDER.fullmatch(text) or not _LETTER.search(text):
                return Fault(f"{field} is a placeholder", text[:80])
        return None
