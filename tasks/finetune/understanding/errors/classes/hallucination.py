"""Hallucination: the answer states what neither the reference nor any text of training bears out.

That a command or a path is in none of these texts does not prove that it was invented; the
evidence names it, so that a person can look and overrule.
"""

import re

from tasks.finetune.evaluation.key_facts import Statement, key_facts
from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "hallucination"
MEANING = "commands, options, paths, codes, addresses or a yes or no that nothing bears out"

# Kinds of key facts that either exist or do not; a number or a name may be put in many ways.
CHECKED_KINDS = frozenset({"address", "code", "path", "command", "option"})
# One of several may be a rare true one; one that is most of what is stated may not.
LEAST_UNSUPPORTED = 2
_YES = re.compile(r"\W*(?:yes|yeah|absolutely|certainly|definitely|of course|sure)\b", re.I)
_NO = re.compile(r"\W*(?:no|nope|never|not really|mostly not|unfortunately not)\b(?!\.? ?\d)", re.I)


def evidence(case: Case, known: TrainingText) -> str:
    """The opposite yes or no, or two checked facts that stand in none of the texts."""
    opposite = _opposite(case)
    if opposite:
        return opposite
    reference = Statement(case.reference)
    checked = [fact for fact in key_facts(case.answer, case.question) if fact.kind in CHECKED_KINDS]
    unsupported = [fact for fact in checked if fact not in reference and not known.states(fact)]
    if len(unsupported) < LEAST_UNSUPPORTED and 2 * len(unsupported) <= len(checked):
        return ""
    shown = ", ".join(f"{fact.kind} {fact.text}" for fact in unsupported[:4])
    more = f" and {len(unsupported) - 4} more" if len(unsupported) > 4 else ""
    return (
        f"{len(unsupported)} statements are in neither the question, the reference nor any row "
        f"of training: {shown}{more}."
    )


def _opposite(case: Case) -> str:
    """The answer begins with yes where the reference begins with no, or the other way round."""
    for one, other, said, expected in ((_YES, _NO, "yes", "no"), (_NO, _YES, "no", "yes")):
        if one.match(case.answer) and other.match(case.reference):
            return f"The answer begins with {said}, the reference with {expected}."
    return ""
