"""Incomplete: the answer stops early, is far too short, or leaves out most of what counts."""

from tasks.finetune.curation.truncated import why_cut_off
from tasks.finetune.curation.words import count_words
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "incomplete"
MEANING = "the answer stops early, is far too short, or leaves out most key facts"

# References of fewer words are short answers, beside which a share of words says little.
LONG_REFERENCE_WORDS = 30
SHORT_SHARE = 1 / 3
LEAST_FACTS = 2
LOW_FACTS = 1 / 3


def evidence(case: Case, known: TrainingText) -> str:
    """The limit of new tokens, an end that is none, few words, or few of the key facts."""
    found = []
    if case.truncated or not case.ended:
        found.append(f"the limit of new tokens ended it after {case.answer_tokens}")
    elif reason := why_cut_off(case.answer):
        found.append(f"its end is none ({reason})")
    words, expected = count_words(case.answer), count_words(case.reference)
    if expected >= LONG_REFERENCE_WORDS and words < SHORT_SHARE * expected:
        found.append(f"it has {words} words where the reference has {expected}")
    if (
        case.key_facts is not None
        and case.key_facts_total >= LEAST_FACTS
        and case.key_facts < LOW_FACTS
    ):
        shown = ", ".join(case.key_facts_missing[:4])
        found.append(
            f"it leaves out {len(case.key_facts_missing)} of {case.key_facts_total} key facts, "
            f"such as {shown}"
        )
    return f"The answer is not whole: {'; '.join(found)}." if found else ""
