"""Other: no rule found anything, so a person should look."""

from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "other"
MEANING = "none of the rules found anything: a person should look"


def evidence(case: Case, known: TrainingText) -> str:
    """Always: the scores, which are all that speaks against the answer."""
    facts = (
        f" and {case.key_facts_total - len(case.key_facts_missing)} of {case.key_facts_total} key "
        "facts"
        if case.key_facts_total
        else ""
    )
    return f"No rule found a fault; ROUGE-L is {case.rouge_l:.2f}{facts}."
