"""Off-topic: the answer is about another matter.

Words are weighed by how rare they are in the rows of training, so that "curl" counts for more
than "file". Two signs are needed for each verdict, because a good answer may use words of its own.
"""

from collections.abc import Iterable

from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.content_words import content_words
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "off-topic"
MEANING = "the answer is about another matter than question and reference"

# Fewer content words give no shares to go by.
LEAST_WORDS = 8
LOW_QUESTION = 0.2
LOW_REFERENCE = 0.08
# Of what the answer adds to the question, words that hardly a row of training has.
MUCH_FOREIGN = 0.25
FOREIGN_ROWS = 2
HARDLY_REFERENCE = 0.03
# So many words of its own, and none of as many of the reference.
NOTHING_OF = 15


def evidence(case: Case, known: TrainingText) -> str:
    """Little of the reference, and little of the question or many words foreign to the field; or
    nothing of the reference in many words."""
    asked, expected = set(content_words(case.question)), set(content_words(case.reference))
    said = set(content_words(case.answer))
    added = said - asked
    if len(added) < LEAST_WORDS:
        return ""
    of_reference = _share(expected - asked, said, known)
    of_question = _share(asked, said, known)
    foreign = sorted(word for word in added - expected if known.rows_with(word) <= FOREIGN_ROWS)
    if of_reference is None or of_reference >= LOW_REFERENCE:
        return ""
    if of_question is not None and of_question < LOW_QUESTION:
        return (
            f"The answer has {100 * of_question:.0f} % of the question's content words and "
            f"{100 * of_reference:.0f} % of the reference's, weighed by rarity."
        )
    if of_reference < HARDLY_REFERENCE and len(foreign) >= MUCH_FOREIGN * len(added):
        return (
            f"Besides the question's own words the answer has {100 * of_reference:.0f} % of the "
            f"reference's content words, and {len(foreign)} of its {len(added)} others are in at "
            f"most {FOREIGN_ROWS} rows of training ({', '.join(foreign[:5])})."
        )
    if not of_reference and min(len(added), len(expected - asked)) >= NOTHING_OF:
        return (
            f"Of the {len(expected - asked)} content words that the reference adds to the question "
            f"the answer has none; it adds {len(added)} others."
        )
    return ""


def _share(wanted: Iterable[str], said: set[str], known: TrainingText) -> float | None:
    """Weight of the wanted words that were said over that of all; None where none is wanted."""
    weights = {word: known.weight(word) for word in wanted}
    total = sum(weights.values())
    return sum(weights[word] for word in weights if word in said) / total if total else None
