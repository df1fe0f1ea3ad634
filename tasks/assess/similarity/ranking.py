"""Ranks pairs of submissions by how much code they have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tasks.assess.similarity.code import Code, read_code
from tasks.assess.similarity.fingerprints import fingerprint, repeated, shared, without
from tasks.assess.similarity.passages import Passage, passages

# Less than this in common, in characters of filtered code (about eight lines), is an idiom.
FEWEST_SHARED = 80
# What so large a part of a class has, came with the course.
COMMON_SHARE = 0.5
FEWEST_FOR_COMMON = 6


@dataclass(frozen=True)
class Side:
    """One submission of a pair.

    Attributes:
        name: the student, or what the previous year's folder is called.
        previous: whether it is of the previous year.
        share: of its code that the other has too, 0 to 1.
        passages: where, the longest first.
        more: shorter passages that are not among them.
    """

    name: str
    previous: bool
    share: float
    passages: list[Passage]
    more: int


@dataclass(frozen=True)
class Pair:
    """Two submissions with code in common.

    Attributes:
        similarity: the larger of the two shares, by which pairs are ranked.
        shared: characters of filtered code.
    """

    first: Side
    second: Side
    similarity: float
    shared: int


@dataclass(frozen=True)
class Ranking:
    """All that was compared.

    Attributes:
        pairs: the most alike first, those at or above the threshold.
        compared: number of pairs.
        median: similarity of all pairs, 0 to 1; None without a pair.
        p90: which a tenth of all pairs exceeds.
        common: fingerprints left out because most of the class has them.
        base: fingerprints of the course's own code.
        notes: what a reader has to know: submissions without code, files left out.
    """

    pairs: list[Pair]
    compared: int
    median: float | None
    p90: float | None
    common: int
    base: int
    notes: list[str]


@dataclass(frozen=True)
class _Submission:
    name: str
    previous: bool
    code: Code
    made: Any


def rank(
    submissions: Mapping[str, Path],
    *,
    base: Sequence[Path] = (),
    previous: Mapping[str, Path] | None = None,
    at_least: float = 0.2,
    most: int = 30,
) -> Ranking:
    """Compare every submission with every other, and with those of the previous year.

    Tables of values do not count: with names and strings set aside they are all alike.

    Args:
        submissions: student to folder.
        base: folders or files of code that the course gave out; it does not count.
        previous: name to folder; these are not compared with each other.
        at_least: similarity from which on a pair is listed, 0 to 1.
        most: pairs that are listed.
    """
    given = fingerprint(read_code(*base)).hashes if base else set()
    held = [_read(name, folder, False) for name, folder in sorted(submissions.items())]
    old = [_read(name, folder, True) for name, folder in sorted((previous or {}).items())]
    common = _common(held) - given
    for one in (*held, *old):
        without(one.made, given | common | repeated(one.made))
    found: list[tuple[float, int, _Submission, _Submission, Any]] = []
    similarities = []
    for first, second in _compared(held, old):
        overlap = shared(first.made, second.made)
        similarity = max(overlap[1], overlap[2]) if overlap[0] >= FEWEST_SHARED else 0.0
        similarities.append(similarity)
        if similarity > 0 and similarity >= at_least:
            found.append((similarity, overlap[0], first, second, overlap))
    found.sort(key=lambda one: (-one[0], -one[1], one[2].name, one[3].name))
    return Ranking(
        pairs=[_pair(*one) for one in found[:most]],
        compared=len(similarities),
        median=float(np.median(similarities)) if similarities else None,
        p90=float(np.quantile(similarities, 0.9)) if similarities else None,
        common=len(common),
        base=len(given),
        notes=_notes([*held, *old], len(found), most),
    )


def _read(name: str, folder: Path, previous: bool) -> _Submission:
    code = read_code(folder)
    return _Submission(name, previous, code, fingerprint(code))


def _common(held: list[_Submission]) -> set[int]:
    """Fingerprints that more than `COMMON_SHARE` of a class have; none in a small class."""
    if len(held) < FEWEST_FOR_COMMON:
        return set()
    counts = Counter(key for one in held for key in one.made.hashes)
    return {key for key, count in counts.items() if count > COMMON_SHARE * len(held)}


def _compared(
    held: list[_Submission], old: list[_Submission]
) -> Iterator[tuple[_Submission, _Submission]]:
    yield from combinations(held, 2)
    yield from ((one, other) for one in held for other in old)


def _pair(
    similarity: float, size: int, first: _Submission, second: _Submission, overlap: Any
) -> Pair:
    _, of_first, of_second, in_first, in_second = overlap
    return Pair(
        first=Side(first.name, first.previous, of_first, *passages(first.code, in_first)),
        second=Side(second.name, second.previous, of_second, *passages(second.code, in_second)),
        similarity=similarity,
        shared=size,
    )


def _notes(read: list[_Submission], found: int, most: int) -> list[str]:
    told = [f"{one.name} has no Python code." for one in read if not one.code.names]
    told += [
        f"Of {one.name} {one.code.cut} files were left out: there is too much code."
        for one in read
        if one.code.cut
    ]
    if found > most:
        told.append(f"{found - most} more pairs are alike but not listed.")
    return told
