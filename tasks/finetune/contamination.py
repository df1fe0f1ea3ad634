"""What of validation and test is in training as well: shared runs of words, and near-duplicates.

Two measures, for each row of training against all held-out rows:

- a run of 13 words that both have, as in Brown et al., "Language models are few-shot learners"
  (2020), appendix C. Words are compared without case, punctuation and Unicode variants; a text of
  fewer words counts as one run.
- Jaccard similarity of their sets of 5-word shingles of at least 0.8. Candidates come from MinHash
  with locality-sensitive hashing (Broder 1997); each is then measured on the sets themselves, so
  that a reported similarity is exact and only a miss is a matter of chance.

Of held-out rows only 64-bit hashes are kept; training goes by in batches.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from datasketch import MinHash

from tasks.finetune.rows import Row

RUN_WORDS = 13
SHINGLE_WORDS = 5
NEAR = 0.8
# Two rows are candidates where one of 25 bands of 5 MinHash values is the same: of pairs with a
# similarity of 0.8 that misses (1 - 0.8**5)**25 = 5 in 100,000, and it takes 6 % of those with 0.3.
BANDS = 25
BAND_ROWS = 5
# A row of training that shares text with thousands of rows names the ones it shares most with.
MAX_LEAKS_OF_A_ROW = 3
# Pairs that the audit shows.
WORST = 10
SHARED_RUN = "13-gram"
NEAR_DUPLICATE = "near-duplicate"

_WORD = re.compile(r"\w+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_EMPTY_SKETCH = MinHash(BANDS * BAND_ROWS, hashfunc=int, scheme="affine64")


@dataclass(frozen=True)
class Leak:
    """A row of training that gives away a held-out row.

    Attributes:
        row_id: held out.
        train_row_id: in training.
        kind: SHARED_RUN or NEAR_DUPLICATE.
        score: share of the held-out row's runs that the other row has, or Jaccard similarity.
        evidence: the first shared run of words, normalised; empty for a near-duplicate.
    """

    row_id: str
    train_row_id: str
    kind: str
    score: float
    evidence: str


@dataclass(frozen=True)
class Contamination:
    """What was found.

    Attributes:
        leaks: offending pairs; of one row of training at most `MAX_LEAKS_OF_A_ROW` a kind.
        train_rows: every row of training that gives something away: without them there is no leak.
        held_out_rows: every held-out row that something of is in training.
    """

    leaks: list[Leak]
    train_rows: set[str]
    held_out_rows: set[str]

    def figures(self) -> dict[str, Any]:
        """JSON-able: how many rows of training give how many held-out rows away, and the worst."""
        worst = sorted(self.leaks, key=lambda leak: (-leak.score, leak.row_id, leak.train_row_id))
        return {
            "train_rows": len(self.train_rows),
            "held_out_rows": len(self.held_out_rows),
            "worst": [asdict(leak) for leak in worst[:WORST]],
        }


def find(held_out: Iterable[list[Row]], train: Iterable[list[Row]]) -> Contamination:
    """Compare all rows of training with all held-out rows.

    Args:
        held_out: batches of validation and test (or of test alone).
        train: batches of training (or of training and validation).
    """
    index = HeldOut(held_out)
    leaks: list[Leak] = []
    for batch in train:
        for row in batch:
            leaks += index.leaks_of(row)
    return Contamination(leaks, {leak.train_row_id for leak in leaks}, index.leaked())


class HeldOut:
    """The held-out rows, ready to be compared with."""

    def __init__(self, batches: Iterable[list[Row]]) -> None:
        self._ids: list[str] = []
        self._shingles: list[np.ndarray] = []
        self._near: set[int] = set()
        runs, bands = [], []
        for row in (row for batch in batches for row in batch):
            words = _word_hashes(normalised_words(row))
            self._ids.append(row["row_id"])
            self._shingles.append(np.unique(_runs(words, SHINGLE_WORDS)))
            runs.append(np.unique(_runs(words, RUN_WORDS)))
            bands.append(_bands(self._shingles[-1]))
        self._run_counts = np.array([len(of_row) for of_row in runs], np.int32)
        every, self._owners = _flat(runs)
        self._runs, first, run_of = np.unique(every, return_index=True, return_inverse=True)
        self._run_of = run_of.astype(np.int32)
        self._first_owners = self._owners[first]
        self._is_leaked = np.zeros(len(self._runs), bool)
        every, owners = _flat(bands)
        order = np.argsort(every, kind="stable")
        self._bands, self._band_owners = every[order], owners[order]

    def leaks_of(self, row: Row) -> list[Leak]:
        """What a row of training gives away, the worst first."""
        words = normalised_words(row)
        hashes = _word_hashes(words)
        if not len(hashes) or not self._ids:
            return []
        return [*self._shared_runs(row, words, hashes), *self._near_duplicates(row, hashes)]

    def leaked(self) -> set[str]:
        """The held-out rows that something was found of, in all the rows compared so far."""
        numbers = set(self._owners[self._is_leaked[self._run_of]].tolist()) | self._near
        return {self._ids[number] for number in numbers}

    def _shared_runs(self, row: Row, words: list[str], hashes: np.ndarray) -> list[Leak]:
        runs = _runs(hashes, RUN_WORDS)
        where = np.minimum(np.searchsorted(self._runs, runs), len(self._runs) - 1)
        starts = np.flatnonzero(self._runs[where] == runs) if len(self._runs) else []
        if not len(starts):
            return []
        found, first_start = np.unique(where[starts], return_index=True)
        self._is_leaked[found] = True
        owners, first_of_owner, shared = np.unique(
            self._first_owners[found], return_index=True, return_counts=True
        )
        leaks = []
        for owner, first, count in zip(owners, first_of_owner, shared, strict=True):
            start = starts[first_start[first]]
            leaks.append(
                Leak(
                    row_id=self._ids[owner],
                    train_row_id=row["row_id"],
                    kind=SHARED_RUN,
                    score=float(count / self._run_counts[owner]),
                    evidence=" ".join(words[start : start + RUN_WORDS]),
                )
            )
        return _worst(leaks)

    def _near_duplicates(self, row: Row, hashes: np.ndarray) -> list[Leak]:
        shingles = np.unique(_runs(hashes, SHINGLE_WORDS))
        leaks = []
        for number in self._candidates(shingles):
            similarity = _jaccard(shingles, self._shingles[number])
            if similarity >= NEAR:
                self._near.add(number)
                leaks.append(Leak(self._ids[number], row["row_id"], NEAR_DUPLICATE, similarity, ""))
        return _worst(leaks)

    def _candidates(self, shingles: np.ndarray) -> list[int]:
        """Held-out rows that share a band with these shingles."""
        bands = _bands(shingles)
        starts = np.searchsorted(self._bands, bands, "left")
        ends = np.searchsorted(self._bands, bands, "right")
        found = [
            self._band_owners[start:end]
            for start, end in zip(starts, ends, strict=True)
            if end > start
        ]
        return np.unique(np.concatenate(found)).tolist() if found else []


def batches_of(rows: Iterable[Row], size: int = 4096) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _worst(leaks: list[Leak]) -> list[Leak]:
    return sorted(leaks, key=lambda leak: (-leak.score, leak.row_id))[:MAX_LEAKS_OF_A_ROW]


def normalised_words(row: Row) -> list[str]:
    """The words of all three texts of a row, without case, punctuation and Unicode variants."""
    text = "\n".join((row["instruction"], row["input"], row["output"]))
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _word_hashes(words: list[str]) -> np.ndarray:
    """64-bit hashes, uint64 of shape (words,)."""
    return np.fromiter((_word_hash(word) for word in words), np.uint64, len(words))


@lru_cache(maxsize=200_000)
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")


def _runs(words: np.ndarray, length: int) -> np.ndarray:
    """Hashes of all runs of `length` words, uint64; of fewer words, one of them all."""
    if not len(words):
        return words
    length = min(length, len(words))
    total = np.zeros(len(words) - length + 1, np.uint64)
    for offset in range(length):
        total = total * _MULTIPLIER + words[offset : offset + len(total)]
        total ^= total >> np.uint64(29)
    return total * _MIX


def _bands(shingles: np.ndarray) -> np.ndarray:
    """Hashes of the bands of a set's MinHash, uint64 of shape (BANDS,); none of an empty set."""
    if not len(shingles):
        return shingles
    sketch = _EMPTY_SKETCH.copy()
    sketch.update_batch(shingles.tolist())
    columns = sketch.hashvalues.reshape(BANDS, BAND_ROWS).T
    # The number of a band is part of its hash, so that all bands fit one sorted array.
    total = np.arange(1, BANDS + 1, dtype=np.uint64)
    for column in columns:
        total = total * _MULTIPLIER + column
        total ^= total >> np.uint64(29)
    return total * _MIX


def _flat(of_rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All values one after the other, and the number of the row that each is of (int32)."""
    counts = [len(values) for values in of_rows]
    values = np.concatenate(of_rows) if of_rows else np.empty(0, np.uint64)
    return values, np.repeat(np.arange(len(of_rows), dtype=np.int32), counts)


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Similarity of two sets, given as sorted unique values."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)
