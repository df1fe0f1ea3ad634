"""What share of each source is dirty: the table that `expectations/qa_sources.json` is about.

Curation takes dirty rows out one by one. A source of which much has to be taken out is another
matter: an export of the wrong column, a file that was cut, or data that nobody should have sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COLUMNS = [
    "source",
    "required",
    "rows_read",
    "rows_taken",
    "rows_kept",
    "personal_share",
    "duplicate_share",
    "cut_off_share",
    "problem",
]
# Filters of curation that tell each kind of dirt.
KINDS = {
    "personal_share": ("pii",),
    "duplicate_share": ("exact_duplicates", "near_duplicates"),
    "cut_off_share": ("truncated",),
}


def source_table(
    gathered: Sequence[Mapping[str, Any]], curated: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """One row a source.

    Args:
        gathered: `sources` of `gathering.gather`.
        curated: `sources` of `curate.curate`, by name.

    Returns:
        COLUMNS; shares are of the rows taken, 0 where there are none. `problem` says why a source
        gives no row, else it is "".
    """
    rows = []
    for source in gathered:
        counts = curated.get(source["source"], {"rows": 0, "kept": 0, "reasons": {}})
        rows.append(
            {
                "source": source["source"],
                "required": source["required"],
                "rows_read": source["rows_read"],
                "rows_taken": counts["rows"],
                "rows_kept": counts["kept"],
                "problem": source["problem"],
                **{
                    share: _blocked(counts["reasons"], filters) / max(1, counts["rows"])
                    for share, filters in KINDS.items()
                },
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _blocked(reasons: Mapping[str, Mapping[str, int]], filters: Sequence[str]) -> int:
    return sum(sum(reasons.get(name, {}).values()) for name in filters)
