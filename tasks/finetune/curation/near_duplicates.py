"""Rows that say nearly the same: one of them is kept, and relatives go to the same split.

MinHash (Broder 1997) of runs of words, from datasketch, and locality-sensitive hashing in bands
(Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4) find pairs that may be
alike; whether they are is decided on the runs themselves. The bands are compared by sorting
them, one after the other: datasketch's own index holds a Python set an entry, which is tens of
kilobytes a row instead of 256 bytes.
"""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from datasketch import MinHash

from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.curation.shingles import jaccard, shingles
from tasks.finetune.rows import Row

# 64 bands of 4 find a pair of Jaccard similarity 0.5 with 98.4 % and one of 0.8 with 1 - 3e-15.
BANDS = 64
BAND_ROWS = 4
# In a fuller bucket a row is compared with the first ones and those just before it.
_FIRST, _BEFORE = 4, 4


@dataclass(frozen=True)
class Copy:
    """Of a row that is nearly the same as one that is kept.

    Attributes:
        of: row_id of the one that is kept.
        similarity: Jaccard similarity of their runs of words.
    """

    of: str
    similarity: float


@dataclass(frozen=True)
class Alike:
    """What near duplicates and relatives there are among rows.

    Attributes:
        copies: by row_id, the rows that are nearly the same as an earlier one that is kept.
            No two rows that are not in it reach the threshold, as far as the bands found them.
        clusters: by row_id, for every row that is no copy, the smallest row_id that is no copy
            among all its relatives and their relatives.
    """

    copies: dict[str, Copy]
    clusters: dict[str, str]


class NearDuplicates:
    """Takes rows one by one, in the order of precedence, then tells which are alike.

    Holds 256 bytes and the row_id a row in memory; the runs of words are in a temporary file.
    Pairs take 8 bytes each: few where texts differ, up to 4 kB a row where all share phrases.
    Use as a context manager, which removes that file.
    """

    def __init__(self, settings: CurationSettings | None = None) -> None:
        self._settings = settings or CurationSettings()
        self._empty = MinHash(
            BANDS * BAND_ROWS, seed=self._settings.seed, hashfunc=_as_it_is, scheme="affine32"
        )
        self._row_ids: list[str] = []
        self._ends = array("q", [0])
        self._bands = bytearray()

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: Row) -> None:
        """Take the next row; its instruction, input and output are compared as one text."""
        numbers = shingles("\n".join((row["instruction"], row["input"], row["output"])))
        self._file.write(numbers.tobytes())
        self._row_ids.append(row["row_id"])
        self._ends.append(self._ends[-1] + len(numbers))
        minhash = self._empty.copy()
        minhash.update_batch(numbers.tolist())
        self._bands += _band_hashes(minhash.hashvalues).tobytes()

    def result(self) -> Alike:
        """Which of the rows are copies, and the clusters of the others."""
        count = len(self._row_ids)
        self._file.flush()
        sets = _Sets(self._file, self._ends)
        bands = np.frombuffer(self._bands, np.uint32).reshape(count, BANDS)
        kept_for: dict[int, tuple[int, float]] = {}
        families = _Families(count)
        for row, candidates in _by_later_row(_pairs(bands), count):
            best = self._compare(row, candidates, sets, kept_for, families)
            if best is not None:
                kept_for[row] = best
        copies = {
            self._row_ids[row]: Copy(self._row_ids[kept], round(similarity, 4))
            for row, (kept, similarity) in kept_for.items()
        }
        return Alike(copies, self._named(families, kept_for))

    def _compare(
        self,
        row: int,
        candidates: Iterable[int],
        sets: "_Sets",
        kept_for: Mapping[int, tuple[int, float]],
        families: "_Families",
    ) -> tuple[int, float] | None:
        """Join a row with its relatives; the first kept row that it is a copy of, if any."""
        own = sets[row]
        similarities: dict[int, float] = {}
        for candidate in candidates:
            # The kept row of a copy may be in none of this row's buckets.
            for other in (candidate, kept_for.get(candidate, (candidate,))[0]):
                if other not in similarities:
                    similarities[other] = jaccard(own, sets[other])
        for other, similarity in similarities.items():
            if similarity >= self._settings.related:
                families.join(row, other)
        same = [
            other
            for other, similarity in similarities.items()
            if similarity >= self._settings.near_duplicate and other not in kept_for
        ]
        return (min(same), similarities[min(same)]) if same else None

    def _named(self, families: "_Families", copies: Mapping[int, object]) -> dict[str, str]:
        names: dict[int, str] = {}
        kept = [row for row in range(len(self._row_ids)) if row not in copies]
        for row in kept:
            family = families.of(row)
            names[family] = min(names.get(family, self._row_ids[row]), self._row_ids[row])
        return {self._row_ids[row]: names[families.of(row)] for row in kept}


def clusters(rows: Iterable[Row], settings: CurationSettings | None = None) -> dict[str, str]:
    """The cluster of every row: rows that are alike, also by way of others, have the same.

    A cluster's id is the smallest row_id in it, whatever the order of the rows. Unlike in
    `Alike.clusters` near duplicates are in it too.
    """
    with NearDuplicates(settings) as near:
        for row in rows:
            near.add(row)
        alike = near.result()
    return _with_copies(alike)


def _with_copies(alike: Alike) -> dict[str, str]:
    cluster = dict(alike.clusters)
    cluster |= {copy: alike.clusters[of.of] for copy, of in alike.copies.items()}
    smallest: dict[str, str] = {}
    for row_id, name in cluster.items():
        smallest[name] = min(smallest.get(name, row_id), row_id)
    return {row_id: smallest[name] for row_id, name in cluster.items()}


class _Sets:
    """The runs of words of each row, read from the file when asked for."""

    def __init__(self, file, ends: array) -> None:
        self._all = np.memmap(file, np.uint32, "r") if ends[-1] else np.empty(0, np.uint32)
        self._ends = ends

    def __getitem__(self, row: int) -> np.ndarray:
        return np.asarray(self._all[self._ends[row] : self._ends[row + 1]])


class _Families:
    """Disjoint sets of rows, joined pair by pair."""

    def __init__(self, count: int) -> None:
        self._parent = array("q", range(count))

    def of(self, row: int) -> int:
        """The row that stands for the set of this one."""
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, one: int, two: int) -> None:
        """Make the sets of two rows one."""
        first, second = sorted((self.of(one), self.of(two)))
        self._parent[second] = first


def _as_it_is(number: int) -> int:
    return number


def _band_hashes(hashvalues: np.ndarray) -> np.ndarray:
    """One uint32 a band of a MinHash's values; a shared number without reason is found out."""
    mixed = np.zeros(BANDS, np.uint64)
    for column in hashvalues.astype(np.uint64).reshape(BANDS, BAND_ROWS).T:
        mixed = (mixed + column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _pairs(bands: np.ndarray) -> np.ndarray:
    """Pairs of rows that share a band, as later * count + earlier, sorted and distinct.

    Args:
        bands: uint32 [rows, BANDS].
    """
    count = len(bands)
    pairs = np.empty(0, np.int64)
    if not count:
        return pairs
    for band in range(bands.shape[1]):
        order = np.argsort(bands[:, band], kind="stable")
        values = bands[order, band]
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        first = np.repeat(starts, np.diff(np.r_[starts, count]))
        place = np.arange(count) - first
        found = []
        for back in range(1, _BEFORE + 1):
            later = np.flatnonzero(place >= back)
            found.append(order[later] * count + order[later - back])
        for ahead in range(_FIRST):
            later = np.flatnonzero(place > ahead + _BEFORE)
            found.append(order[later] * count + order[first[later] + ahead])
        pairs = np.union1d(pairs, np.concatenate(found))
    return pairs.astype(np.int64)


def _by_later_row(pairs: np.ndarray, count: int) -> Iterator[tuple[int, list[int]]]:
    """Each row that has candidates, in order, with its earlier candidates in order."""
    if not len(pairs):
        return
    later, earlier = np.divmod(pairs, count)
    starts = np.flatnonzero(np.r_[True, later[1:] != later[:-1]])
    for start, end in zip(starts, [*starts[1:], len(later)], strict=True):
        yield int(later[start]), earlier[start:end].tolist()
