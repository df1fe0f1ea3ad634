"""Fingerprints of code by copydetect: names, comments and layout do not count.

The method: Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document
Fingerprinting", SIGMOD 2003; a window of 1 keeps every fingerprint, so that nothing depends on
Python's hash seed.
"""

import io
from collections.abc import Collection
from typing import Any

import numpy as np

from tasks.assess.similarity.code import Code

# Characters, after every name has become one letter: about two lines.
GRAM = 25
WINDOW = 1
MOST_REPEATS = 10


def fingerprint(code: Code) -> Any:
    """copydetect's `CodeFingerprint` of a submission."""
    from copydetect import CodeFingerprint

    made = CodeFingerprint("submission.py", GRAM, WINDOW, fp=io.StringIO(code.text))
    if len(made.offsets):
        # The places of class names come out too small; places never go back.
        made.offsets[:, 1] = np.maximum.accumulate(made.offsets[:, 1])
    return made


def repeated(made: Any) -> set[int]:
    """Fingerprints that a submission itself says so often that they are tables of values."""
    return {key for key, places in made.hash_idx.items() if len(places) > MOST_REPEATS}


def without(made: Any, hashes: Collection[int]) -> None:
    """Take fingerprints that everybody may have out of one, in place.

    Not by copydetect's `boilerplate`, which also takes out what a submission says twice.
    """
    from copydetect.utils import get_token_coverage

    made.hash_idx = {key: held for key, held in made.hash_idx.items() if key not in hashes}
    made.hashes = set(made.hash_idx)
    made.token_coverage = get_token_coverage(made.hash_idx, GRAM, len(made.filtered_code))


def shared(first: Any, second: Any) -> tuple[int, float, float, Any, Any]:
    """What two have in common.

    Returns:
        characters of filtered code; the share of the first and of the second (0 to 1); for each
        the passages in its text, int (2, n): starts and ends.
    """
    from copydetect import compare_files

    if first.hashes.isdisjoint(second.hashes):
        empty = np.zeros((2, 0), dtype=int)
        return 0, 0.0, 0.0, empty, empty
    overlap, (of_first, of_second), (in_first, in_second) = compare_files(first, second)
    return (
        int(overlap),
        min(1.0, float(of_first)),
        min(1.0, float(of_second)),
        np.asarray(in_first, dtype=int),
        np.asarray(in_second, dtype=int),
    )
