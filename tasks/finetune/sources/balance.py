"""Keeps one domain from being most of a source."""

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.finetune.rows import Row, read_batches, write_rows
from tasks.finetune.sources.records import Unreadable, excerpt


def balanced(rows: Iterable[Row | Unreadable], max_share: float) -> Iterator[Row | Unreadable]:
    """The rows, with those refused that put their domain over its share of what is kept.

    Which rows of a domain stay is decided by a hash of their ids: the same ones on every run, and
    nearly the same ones when rows are added. The rows wait in a temporary file, so that only a
    number a row is held in memory.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        ranks: dict[str, array[int]] = defaultdict(lambda: array("Q"))
        with write_rows(path) as append:
            for row in rows:
                if isinstance(row, Unreadable):
                    yield row
                else:
                    ranks[row["domain"]].append(_rank(row["row_id"]))
                    append([row])
        cap = largest_count({domain: len(found) for domain, found in ranks.items()}, max_share)
        last = {domain: sorted(found)[:cap][-1] for domain, found in ranks.items()}
        for batch in read_batches(path):
            for row in batch:
                kept = _rank(row["row_id"]) <= last[row["domain"]]
                yield row if kept else _refused(row, cap, max_share)


def largest_count(counts: Counter[str] | dict[str, int], max_share: float) -> int:
    """How many rows a domain may keep so that none has more than `max_share` of what is kept.

    With fewer domains than the share has room for, equal shares are the best there is.
    """
    if not counts:
        return 0
    share = max(max_share, 1 / len(counts))
    low, high = 1, max(counts.values())
    # cap / kept grows with the cap, because the rows that a cap keeps grow ever slower.
    while low < high:
        middle = (low + high + 1) // 2
        kept = sum(min(count, middle) for count in counts.values())
        # A hair more, or rounding would refuse an exact share such as 1/3.
        if middle <= share * kept + 1e-9:
            low = middle
        else:
            high = middle - 1
    return low


def _rank(row_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"balance\0{row_id}".encode()).digest()[:8])


def _refused(row: Row, cap: int, max_share: float) -> Unreadable:
    domain = row["domain"] or "without a name"
    return Unreadable(
        row["row_id"],
        row["source"],
        f"balance: domain {domain} keeps {cap} rows, {max_share:.0%} of the source at most",
        excerpt(f"{row['instruction']} {row['output']}"),
    )
