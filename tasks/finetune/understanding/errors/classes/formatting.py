"""Formatting failure: the answer is no well-formed text."""

import re
from collections import Counter

from tasks.finetune.curation.prose import open_fence
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "formatting failure"
MEANING = "an empty, looping or broken text"

# A list may repeat its first words, and a table its marks: only longer repetition is a loop.
LEAST_REPEATS = 4
SHORT_REPEATS = 6
LEAST_LINE_WORDS = 3
RUN_WORDS = 4
LEAST_WORDS = 40
MOST_REPEATED = 0.3
MAX_UNIT_WORDS = 20
LEAST_LOOP_WORDS = 8
SENTENCE_WORDS = 5
_MARKER = re.compile(
    r"<\|[\w-]+\|>|</?s>|\[/?INST\]|^###\s*(?:Instruction|Input|Response)\b:?"
    r"|^(?:user|assistant|system)\s*$",
    re.MULTILINE,
)
_CHARACTERS = re.compile(r"(\S{2,40}?)\1{5,}")
_NUMBER_OF_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


def evidence(case: Case, known: TrainingText) -> str:
    """No text, left-over marks of the prompt, a loop, or a block of code that stays open."""
    text = case.answer.strip()
    if not text:
        return "The answer is empty."
    marker = _MARKER.search(text)
    if marker:
        return f'The answer has "{marker[0].strip()}", a mark of the prompt\'s form, in its text.'
    loop = _loop(text)
    if loop:
        return loop
    if case.ended and open_fence(text):
        return "The answer ended by itself inside a block of code that was never closed."
    return ""


def _loop(text: str) -> str:
    characters = _CHARACTERS.search(text)
    if characters and re.search(r"[^\W\d_]", characters[1]):
        times = len(characters[0]) // len(characters[1])
        return f'The answer repeats "{characters[1]}" {times} times without a break.'
    in_a_row = _repeated_in_a_row(text)
    if in_a_row:
        return in_a_row
    for line, times in Counter(_lines(text)).most_common(1):
        # A short line, such as the word "output" above examples, may come back more often.
        if times >= (LEAST_REPEATS if len(line.split()) >= LEAST_LINE_WORDS else SHORT_REPEATS):
            return f'The answer has the line "{_short(line)}" {times} times.'
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+", text)]
    long_ones = [part for part in sentences if len(part.split()) >= SENTENCE_WORDS]
    for sentence, times in Counter(long_ones).most_common(1):
        if times >= LEAST_REPEATS - 1:
            return f'The answer says "{_short(sentence)}" {times} times.'
    return _repeated_runs(text)


def _repeated_in_a_row(text: str) -> str:
    """The same one to 20 words, four times and more one after the other."""
    words = text.split()
    for unit in range(1, MAX_UNIT_WORDS + 1):
        same = 0
        for place in range(unit, len(words)):
            same = same + 1 if words[place] == words[place - unit] else 0
            if same + unit >= max(LEAST_REPEATS * unit, LEAST_LOOP_WORDS):
                repeated = " ".join(words[place - unit + 1 : place + 1])
                if re.search(r"\w", repeated):
                    return f'The answer repeats "{_short(repeated)}" over and over.'
    return ""


def _repeated_runs(text: str) -> str:
    """Too many of the runs of four words stood in the answer before.

    Of texts that people wrote it is a few in a hundred (seq-rep-4 of Welleck et al., "Neural Text
    Generation with Unlikelihood Training", 2020).
    """
    words = text.casefold().split()
    runs = [tuple(words[place : place + RUN_WORDS]) for place in range(len(words) - RUN_WORDS + 1)]
    if len(words) < LEAST_WORDS:
        return ""
    share = 1 - len(set(runs)) / len(runs)
    if share < MOST_REPEATED:
        return ""
    run, times = Counter(runs).most_common(1)[0]
    return (
        f"The answer goes round in circles: {100 * share:.0f} % of its runs of {RUN_WORDS} words "
        f'stood in it before, "{" ".join(run)}" {times} times.'
    )


def _lines(text: str) -> list[str]:
    """Lines that say something, without the mark or number of a list item."""
    bare = (_NUMBER_OF_ITEM.sub("", line).strip() for line in text.split("\n"))
    return [line for line in bare if re.search(r"\w", line) and not line.startswith("```")]


def _short(text: str) -> str:
    return text if len(text) <= 70 else text[:69] + "…"
