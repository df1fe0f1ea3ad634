"""The three split files judged from what is in them: the table that `expectations/qa_splits.json`
is about."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from tasks.finetune.contamination import batches_of, find
from tasks.finetune.splits import SPLITS
from tasks.finetune.writing import read_split

# Points that a share may be off: 2 from 1000 rows on, as much as 20 rows are of fewer.
ALLOWED_OFF = 0.02
ALLOWED_ROWS_OFF = 20


def split_table(
    folder: Path, clusters: Mapping[str, str], shares: tuple[float, float, float]
) -> pd.DataFrame:
    """One row a split, from the files in a folder.

    Args:
        folder: with train.jsonl, val.jsonl and test.jsonl.
        clusters: row id to cluster; a row without one is a cluster of its own.
        shares: of train, val and test that were asked for.

    Returns:
        Columns: split; rows; share of all rows; share_asked; share_off and share_off_allowed, the
        distance between the two and how large it may be; contaminated, rows of which something is
        in train (0 for train); shared_rows and shared_clusters, ids and clusters that another
        split has too.

    Raises:
        BadInput: a file is missing or damaged.
    """
    ids = {split: [row["row_id"] for row in read_split(folder, split)] for split in SPLITS}
    groups = {
        split: {clusters.get(row_id, row_id) for row_id in found} for split, found in ids.items()
    }
    total = sum(len(found) for found in ids.values())
    rows = []
    for split, asked in zip(SPLITS, shares, strict=True):
        others = [other for other in SPLITS if other != split]
        share = len(ids[split]) / max(1, total)
        rows.append(
            {
                "split": split,
                "rows": len(ids[split]),
                "share": share,
                "share_asked": asked,
                "share_off": abs(share - asked),
                "share_off_allowed": max(ALLOWED_OFF, ALLOWED_ROWS_OFF / max(1, total)),
                "contaminated": 0 if split == "train" else _contaminated(folder, split),
                "shared_rows": len(set(ids[split]) & {i for other in others for i in ids[other]}),
                "shared_clusters": len(groups[split] & {g for o in others for g in groups[o]}),
            }
        )
    return pd.DataFrame(rows)


def _contaminated(folder: Path, split: str) -> int:
    held_out = batches_of(read_split(folder, split))
    return len(find(held_out, batches_of(read_split(folder, "train"))).held_out_rows)
