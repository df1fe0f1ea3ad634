"""A text as the set of its runs of words, each a number, so that texts can be compared fast."""

import re
import zlib

import numpy as np

# Longer runs, as for web pages, make a short answer with one word changed look like another one.
SHINGLE_WORDS = 3
_WORD = re.compile(r"\w+")
# Odd multipliers of 64-bit mixing (Steele, Lea and Flood 2014, SplitMix64).
_MIX = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


def shingles(text: str, words: int = SHINGLE_WORDS) -> np.ndarray:
    """Sorted distinct uint32 numbers, one for each run of `words` words; empty without a word.

    Case and all that is no letter, digit or underscore are left out. A text with fewer words is
    one run. Two different runs share a number once in 4e9 pairs.
    """
    each = [zlib.crc32(word.encode("utf-8", "replace")) for word in _WORD.findall(text.casefold())]
    if not each:
        return np.empty(0, np.uint32)
    numbers = np.array(each, dtype=np.uint64) * _MIX[1]
    runs = max(len(numbers) - words + 1, 1)
    mixed = np.zeros(runs, np.uint64)
    for place in range(min(words, len(numbers))):
        mixed = (mixed + numbers[place : place + runs]) * _MIX[0]
        mixed ^= mixed >> np.uint64(29)
    return np.unique((mixed * _MIX[2] >> np.uint64(32)).astype(np.uint32))


def jaccard(one: np.ndarray, two: np.ndarray) -> float:
    """Shared numbers over all numbers of two sets as `shingles` makes them; 0 for empty ones."""
    shared = len(np.intersect1d(one, two, assume_unique=True))
    return shared / (len(one) + len(two) - shared) if shared else 0.0
