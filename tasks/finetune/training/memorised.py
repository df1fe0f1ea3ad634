"""Answers that repeat training text word for word, beyond what the base model does by itself."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

# Commands and set phrases of eight words are common; a run of a dozen that one text has is not.
LEAST_WORDS = 12
_SEED_WORDS = 6
_WORD = re.compile(r"\w+")
SHOWN = 10


def memorised(
    tuned: Mapping[str, str], base: Mapping[str, str], training: Mapping[str, str]
) -> dict[str, Any]:
    """Answers whose longest run of words from one training text is long, and longer than base's.

    Words are compared without case and punctuation. The base model has not seen the texts, so
    what it shares with them is in the question or in everybody's language.

    Args:
        tuned, base: row id to answer, of the same rows.
        training: row id to output of the training rows.

    Returns:
        n; count and share of memorised answers; least_words; mean_run_tuned and mean_run_base
        (words); examples [{row_id, words, base_words, text, train_row_id}], longest first.
    """
    index = TextIndex(training)
    found, runs = [], []
    for row_id, answer in tuned.items():
        ours = index.longest_run(answer)
        theirs = index.longest_run(base.get(row_id, ""))
        runs.append((ours["words"], theirs["words"]))
        if ours["words"] >= LEAST_WORDS and ours["words"] > theirs["words"]:
            found.append({"row_id": row_id, "base_words": theirs["words"], **ours})
    found.sort(key=lambda each: (-each["words"], each["row_id"]))
    count = len(runs)
    return {
        "n": count,
        "count": len(found),
        "share": len(found) / count if count else 0.0,
        "least_words": LEAST_WORDS,
        "mean_run_tuned": sum(one for one, _ in runs) / count if count else 0.0,
        "mean_run_base": sum(two for _, two in runs) / count if count else 0.0,
        "examples": found[:SHOWN],
    }


class TextIndex:
    """Where each run of a few words stands in a set of texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._words = {name: _words(text) for name, text in texts.items()}
        self._places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
        for name, words in self._words.items():
            for place in range(len(words) - _SEED_WORDS + 1):
                self._places[tuple(words[place : place + _SEED_WORDS])].append((name, place))

    def longest_run(self, text: str) -> dict[str, Any]:
        """The longest run of words that one indexed text has too: words, text, train_row_id.

        Runs shorter than six words count as none.
        """
        words = _words(text)
        best = {"words": 0, "text": "", "train_row_id": ""}
        for start in range(len(words) - _SEED_WORDS + 1):
            # A run that beats the best so far has this seed at its start.
            for name, place in self._places.get(tuple(words[start : start + _SEED_WORDS]), ()):
                length = _same(words[start:], self._words[name][place:])
                if length > best["words"]:
                    run = " ".join(words[start : start + length])
                    best = {"words": length, "text": run, "train_row_id": name}
        return best


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _same(one: Sequence[str], two: Sequence[str]) -> int:
    """Words that both begin with."""
    length = 0
    for first, second in zip(one, two, strict=False):
        if first != second:
            break
        length += 1
    return length
