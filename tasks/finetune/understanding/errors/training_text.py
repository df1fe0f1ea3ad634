"""What the training rows say: their runs of words, key facts and vocabulary, to look answers up in.

Built once from the rows of training; some 1,200 rows take a few seconds.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.finetune.evaluation.key_facts import Fact, Statement
from tasks.finetune.rows import Row
from tasks.finetune.understanding.content_words import content_words

# Runs are looked up by their first words and then followed as far as they go.
SEED_WORDS = 8
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Run:
    """Words in a row that a text shares with an output of training.

    Attributes:
        words: how many.
        text: the words, without case and marks.
        row_id: of the row of training.
    """

    words: int
    text: str
    row_id: str


class TrainingText:
    """The texts of training, ready to be asked.

    Attributes:
        rows: how many.
        rows_of_domain: domain to rows.
        rows_of_source: source to rows.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = 0
        self.rows_of_domain: Counter[str] = Counter()
        self.rows_of_source: Counter[str] = Counter()
        self._outputs: list[tuple[str, list[str]]] = []
        self._places: dict[tuple[str, ...], tuple[int, int]] = {}
        self._keys: dict[str, set[str]] = {}
        self._rows_with: Counter[str] = Counter()
        for row in rows:
            self._add(row)

    def longest_run(self, text: str, apart_from: Sequence[str]) -> Run | None:
        """The longest run of words that the text has from an output of training.

        Args:
            text: an answer.
            apart_from: texts in which a run of `SEED_WORDS` words is no news: the question, the
                reference, the base model's answer.

        Returns:
            None where no run of `SEED_WORDS` words is shared.
        """
        words = _words(text)
        elsewhere = {seed for other in apart_from for _, seed in _seeds(_words(other))}
        best: Run | None = None
        for start, seed in _seeds(words):
            if seed not in self._places or seed in elsewhere:
                continue
            number, place = self._places[seed]
            row_id, output = self._outputs[number]
            length = SEED_WORDS
            while (
                start + length < len(words)
                and place + length < len(output)
                and words[start + length] == output[place + length]
                and tuple(words[start + length - SEED_WORDS + 1 : start + length + 1])
                not in elsewhere
            ):
                length += 1
            if best is None or length > best.words:
                best = Run(length, " ".join(words[start : start + length]), row_id)
        return best

    def states(self, fact: Fact) -> bool:
        """Whether any text of training has the key fact."""
        return fact.key in self._keys.get(fact.kind, ())

    def rows_with(self, stem: str) -> int:
        """In how many rows of training a content word occurs."""
        return self._rows_with[stem]

    def weight(self, stem: str) -> float:
        """Inverse document frequency of a content word: log((rows + 1) / (rows with it + 1))."""
        return math.log((self.rows + 1) / (self._rows_with[stem] + 1))

    def _add(self, row: Row) -> None:
        words = _words(row["output"])
        for place, seed in _seeds(words):
            self._places.setdefault(seed, (self.rows, place))
        self._outputs.append((row["row_id"], words))
        text = "\n\n".join((row["instruction"], row["input"], row["output"]))
        for kind, keys in Statement(text).keys.items():
            self._keys.setdefault(kind, set()).update(keys)
        self._rows_with.update(set(content_words(text)))
        self.rows += 1
        self.rows_of_domain[row["domain"]] += 1
        self.rows_of_source[row["source"]] += 1


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _seeds(words: list[str]) -> Iterable[tuple[int, tuple[str, ...]]]:
    """Place and words of every run of `SEED_WORDS` words."""
    for start in range(len(words) - SEED_WORDS + 1):
        yield start, tuple(words[start : start + SEED_WORDS])
