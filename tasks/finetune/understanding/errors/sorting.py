"""Sort an answer into its class of error."""

from dataclasses import dataclass, replace

from tasks.finetune.understanding.cases import Case
from tasks.finetune.understanding.errors.classes import CLASSES, other, overfitting
from tasks.finetune.understanding.errors.overrides import Override
from tasks.finetune.understanding.errors.training_text import TrainingText


@dataclass(frozen=True)
class Verdict:
    """What is wrong with an answer.

    Attributes:
        name: of the class.
        evidence: of the rule, or why a person overruled it.
        also: other classes whose rules found something, to their evidence.
        overruled: the class that the rules gave, where a person gave another one; else "".
        who: that person; else "".
    """

    name: str
    evidence: str
    also: dict[str, str]
    overruled: str = ""
    who: str = ""


def sort(
    case: Case, known: TrainingText, base_answer: str = "", override: Override | None = None
) -> Verdict:
    """The first class whose rule finds something, or what a person says.

    Args:
        case: the answer.
        known: the rows of training.
        base_answer: the base model's answer to the same row, whose words are no artefact of
            training; "" for the base model itself.
        override: a person's, for this answer.
    """
    found: dict[str, str] = {}
    for each in CLASSES:
        if each is overfitting:
            evidence = overfitting.evidence(case, known, base_answer)
        elif each is other and found:
            continue
        else:
            evidence = each.evidence(case, known)
        if evidence:
            found[each.NAME] = evidence
    name = next(iter(found))
    verdict = Verdict(name, found.pop(name), found)
    if override is None:
        return verdict
    also = {verdict.name: verdict.evidence, **found}
    also.pop(override.name, None)
    overruled = verdict.name if verdict.name != override.name else ""
    return replace(
        verdict,
        name=override.name,
        evidence=override.why,
        also=also,
        overruled=overruled,
        who=override.who,
    )
