"""Which split a row belongs to: whole clusters of related rows, the same ones in every run.

A cluster draws one number from a hash that is keyed by the seed. Below 0.1 it is a test cluster,
below 0.2 one of validation, above it one of training (for shares of 0.8, 0.1, 0.1). The draw
depends on nothing but the seed and the cluster.

Shares hold in each source: its two thresholds are moved from the nominal ones, as far as needed
and no further, where a share is more than `TOLERANCE` off. Rows that are added can thus move a few
others whose draws lie at a threshold; since test lies beside validation, a test row becomes one of
validation then, not of training. Where `previous` is known, nobody moves at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

SPLITS = ("train", "val", "test")
DEFAULT_SHARES = (0.8, 0.1, 0.1)
# A source's share of test or validation may be this far off before its threshold is moved; that of
# training, which has the rest, then twice as far.
TOLERANCE = 0.01
# What a cluster becomes whose rows were in several splits: a test row never goes to training.
PRECEDENCE = ("test", "val", "train")


class Member(NamedTuple):
    """A row as far as the split goes."""

    row_id: str
    cluster_id: str
    source: str


@dataclass
class _Cluster:
    """Rows that go together.

    Attributes:
        key: hash of the member that the cluster draws by, the smallest there is.
        source: of that member.
        rows: ids.
        split: given before, or now.
    """

    key: bytes
    source: str
    rows: list[str] = field(default_factory=list)
    split: str | None = None


def assign(
    rows: Iterable[Member],
    seed: int,
    shares: tuple[float, float, float] = DEFAULT_SHARES,
    previous: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Give every row its split.

    Without `previous` the outcome is a function of rows, seed and shares, and does not depend on
    the order of the rows. No such function can keep every test row in test while clusters grow and
    join and keep the shares too, hence `previous`: the splits of an earlier run. A cluster that
    holds rows of it keeps their split; where they were in several (two clusters that a new row
    joins), all of it goes to test if one was in test, else to validation. Rows thus leave training,
    and none enters it. A row whose text is edited has a new id and counts as new: it keeps its
    split only if its cluster holds another row that has one.

    Args:
        rows: every kept row once, in any order. A dropped duplicate may be given too: the split
            that it had before still counts for its cluster.
        seed: the key of the hash.
        shares: of train, validation and test; their sum is 1.
        previous: row id to split; ids that are in no row now are ignored.

    Returns:
        Row id to "train", "val" or "test".

    Raises:
        ValueError: shares that are no shares, a split unknown in `previous`, or an id given twice.
    """
    if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
        raise ValueError(f"shares of train, val and test must be >= 0 and sum to 1, not {shares}")
    clusters = _clusters(rows, previous or {})
    by_source: dict[str, list[_Cluster]] = {}
    for cluster in clusters:
        by_source.setdefault(cluster.source, []).append(cluster)
    for of_source in by_source.values():
        _split_source(of_source, seed, shares)
    return {row_id: cluster.split or "train" for cluster in clusters for row_id in cluster.rows}


def moves(previous: Mapping[str, str], assigned: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """How many rows went from one split to another: (from, to) to their number."""
    return Counter(
        (previous[row_id], split)
        for row_id, split in assigned.items()
        if row_id in previous and previous[row_id] != split
    )


def _clusters(rows: Iterable[Member], previous: Mapping[str, str]) -> list[_Cluster]:
    clusters: dict[str, _Cluster] = {}
    seen: set[str] = set()
    for row in rows:
        if row.row_id in seen:
            raise ValueError(f"row {row.row_id} is given twice")
        seen.add(row.row_id)
        key = blake2b(row.row_id.encode(), digest_size=16).digest()
        cluster = clusters.setdefault(row.cluster_id, _Cluster(key, row.source))
        if key < cluster.key:
            cluster.key, cluster.source = key, row.source
        cluster.rows.append(row.row_id)
        if row.row_id in previous:
            given = [previous[row.row_id], *([cluster.split] if cluster.split else [])]
            cluster.split = min(given, key=PRECEDENCE.index)
    return list(clusters.values())


def _split_source(clusters: list[_Cluster], seed: int, shares: tuple[float, float, float]) -> None:
    """Give the clusters of one source their splits; those that have one keep it."""
    rows = sum(len(cluster.rows) for cluster in clusters)
    drawn = sorted(
        ((_draw(cluster.key, seed), cluster) for cluster in clusters if cluster.split is None),
        key=lambda pair: (pair[0], pair[1].key),
    )
    start, threshold = 0, 0.0
    for split, share in (("test", shares[2]), ("val", shares[1])):
        threshold += share
        fixed = sum(len(cluster.rows) for cluster in clusters if cluster.split == split)
        nominal = sum(draw < threshold for draw, _ in drawn)
        sizes = [len(cluster.rows) for _, cluster in drawn[start:]]
        count = _moved(max(0, nominal - start), sizes, fixed, share * rows, TOLERANCE * rows)
        for _, cluster in drawn[start : start + count]:
            cluster.split = split
        start += count
    for _, cluster in drawn[start:]:
        cluster.split = "train"


def _moved(count: int, sizes: list[int], fixed: int, target: float, slack: float) -> int:
    """How many clusters in the order of their draws a split takes.

    Args:
        count: that the nominal threshold gives.
        sizes: rows of each cluster, in that order.
        fixed: rows the split has already.
        target: rows it ought to have.
        slack: rows by which it may miss them.
    """
    off = fixed + sum(sizes[:count]) - target
    while off < -slack and count < len(sizes) and abs(off + sizes[count]) < -off:
        off += sizes[count]
        count += 1
    while off > slack and count > 0 and abs(off - sizes[count - 1]) < off:
        count -= 1
        off -= sizes[count]
    return count


def _draw(key: bytes, seed: int) -> float:
    """A number in [0, 1), uniform over clusters, which the cluster and the seed alone decide."""
    digest = blake2b(key, key=str(seed).encode(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "big") / 2**64
