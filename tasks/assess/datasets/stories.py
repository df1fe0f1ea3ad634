"""Little stories from a grammar: the class's text to train on, and new ones to be tested with.

The grammar knows how likely each of its sentences is, so that the lowest loss which any model can
reach on a new text is known too: whoever is better has not predicted it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.assess.datasets.base import find_folder
from tasks.errors import BadInput
from tasks.files import write_text

NAME = "stories"
FILE = "train.txt"
TRAINING_SEED = 1
TRAINING_CHARACTERS = 200_000

NAMES = ["mia", "tom", "ana", "leo", "eva", "sam", "ida", "max"]
ANIMALS = ["cat", "dog", "hen", "fox", "duck", "goat", "pony", "crow"]
COLOURS = ["red", "blue", "green", "white", "black", "brown"]
THINGS = ["ball", "boat", "box", "lamp", "drum", "kite", "shell", "stone"]
PLACES = ["river", "garden", "forest", "market", "bridge", "hill", "barn", "lake"]
MOVES = ["walked", "ran", "went", "hurried"]
FEELINGS = ["happy", "tired", "hungry", "curious", "proud", "sleepy"]
WEATHER = ["rain", "snow", "wind", "sun", "fog"]
TIMES = ["in the morning", "at noon", "in the evening", "at night"]
SPEECH = ["come with me", "look at this", "it is late", "i have an idea", "we must go home"]

OPENINGS = [
    "{time} {name} {move} to the {place} with a {colour} {animal}.",
    "{name} had a {colour} {thing} and a {feeling} {animal}.",
    "there was {weather} over the {place} {time}.",
    "a {feeling} {animal} lived near the {place}.",
]
SENTENCES = [
    "the {animal} found a {thing} under the {colour} {thing}.",
    "{name} said: {speech}.",
    "{name} and {name} {move} to the {place}.",
    "the {animal} was {feeling} and {move} home {time}.",
    "then the {weather} came and {name} was {feeling}.",
    "{name} gave the {thing} to the {animal}.",
]
WORDS = {
    "name": NAMES,
    "animal": ANIMALS,
    "colour": COLOURS,
    "thing": THINGS,
    "place": PLACES,
    "move": MOVES,
    "feeling": FEELINGS,
    "weather": WEATHER,
    "time": TIMES,
    "speech": SPEECH,
}
SHORTEST, LONGEST = 3, 6  # sentences in a story


@dataclass(frozen=True)
class Text:
    """A text and how surprising it is.

    Attributes:
        nats: minus the natural logarithm of its probability under the grammar.
    """

    content: str
    nats: float


def write_stories(rng: np.random.Generator, characters: int) -> Text:
    """Whole stories, one a line, of at least so many characters."""
    lines, length, nats = [], 0, 0.0
    while length < characters:
        count = int(rng.integers(SHORTEST, LONGEST + 1))
        nats += np.log(LONGEST - SHORTEST + 1)
        sentences = []
        for number in range(count):
            sentence, surprise = _sentence(rng, OPENINGS if number == 0 else SENTENCES)
            sentences.append(sentence)
            nats += surprise
        lines.append(" ".join(sentences) + "\n")
        length += len(lines[-1])
    return Text("".join(lines), float(nats))


def training_text() -> str:
    """The text that every student of a course trains on; always the same."""
    return write_stories(np.random.default_rng(TRAINING_SEED), TRAINING_CHARACTERS).content


def unigram_perplexity(training: str, text: str) -> float:
    """Of a model that knows only how often each character occurs in `training`, per character."""
    characters, counts = np.unique(list(training), return_counts=True)
    # One more of each, and one for all that were never seen.
    total = counts.sum() + len(characters) + 1
    logs = dict(zip(characters.tolist(), np.log((counts + 1) / total), strict=True))
    unseen = -np.log(total)
    return float(np.exp(-np.mean([logs.get(character, unseen) for character in text])))


def find() -> Path | None:
    """The folder that holds the training text, or None."""
    return find_folder(NAME, {FILE: ""})


def check(folder: Path) -> None:
    """Compare the file with the grammar's text.

    Raises:
        BadInput: somebody changed it.
    """
    expected = hashlib.sha256(training_text().encode()).hexdigest()
    if hashlib.sha256((folder / FILE).read_bytes()).hexdigest() != expected:
        raise BadInput(f"{folder / FILE} was changed: remove it and run prepare-data again.")


def download(folder: Path) -> Path:
    """Write the training text; nothing is fetched, since the grammar makes it."""
    write_text(folder / FILE, training_text())
    return folder


def _sentence(rng: np.random.Generator, patterns: list[str]) -> tuple[str, float]:
    pattern = patterns[rng.integers(len(patterns))]
    nats, words = float(np.log(len(patterns))), []
    for part in pattern.split():
        while "{" in part:
            before, _, rest = part.partition("{")
            key, _, after = rest.partition("}")
            part = before + WORDS[key][rng.integers(len(WORDS[key]))] + after
            nats += float(np.log(len(WORDS[key])))
        words.append(part)
    return " ".join(words), nats
