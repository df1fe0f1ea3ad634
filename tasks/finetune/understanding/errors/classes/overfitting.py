"""Overfitting artefact: the answer says by heart what a row of training says."""

from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.training_text import TrainingText

NAME = "overfitting artefact"
MEANING = "text of a training row said by heart, which neither question nor base model gave"

# As contamination is defined (Brown et al. 2020); shorter runs are common phrases.
LEAST_WORDS = 13


def evidence(case: Case, known: TrainingText, base_answer: str = "") -> str:
    """A run of 13 words from training that question, reference and base answer do not have."""
    run = known.longest_run(case.answer, (case.question, case.reference, base_answer))
    if run is None or run.words < LEAST_WORDS:
        return ""
    shown = run.text if len(run.text) <= 120 else run.text[:119] + "…"
    return f'{run.words} words in a row are those of the training row {run.row_id}: "{shown}".'
