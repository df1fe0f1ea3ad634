"""Results without names: for whoever may see how the class is doing, and not who is who."""

import re
from collections.abc import Callable, Collection

from tasks.assess.results import CriterionResult, MilestoneResult, ProbeResult


def pseudonymous(
    result: MilestoneResult, pseudonym: str, names: Collection[str] = ()
) -> MilestoneResult:
    """The result under another name, and without what would lead back to the student.

    Error messages may hold a student's name, so that it is also taken out of every sentence. The
    hash of the submission and the probes' figures are left out.

    Args:
        result: of a student.
        pseudonym: to show instead.
        names: other names of the student than `result.student`.
    """
    hidden = _pattern({result.student, *names})

    def masked(text: str) -> str:
        return hidden.sub(lambda _: pseudonym, text)

    return result.model_copy(
        update={
            "student": pseudonym,
            "submission_hash": "",
            "criteria": [_criterion(one, masked) for one in result.criteria],
        }
    )


def _criterion(criterion: CriterionResult, masked: Callable[[str], str]) -> CriterionResult:
    return criterion.model_copy(
        update={
            "evidence": [masked(text) for text in criterion.evidence],
            "next_steps": [masked(text) for text in criterion.next_steps],
            "probes": [_probe(one, masked) for one in criterion.probes],
        }
    )


def _probe(probe: ProbeResult, masked: Callable[[str], str]) -> ProbeResult:
    texts = {name: masked(getattr(probe, name)) for name in ("evidence", "example", "next_step")}
    return probe.model_copy(update=texts | {"figures": {}})


def _pattern(names: Collection[str]) -> re.Pattern[str]:
    """Any of the names as a word, whatever its case and whatever joins its parts."""
    words = [re.findall(r"[^\W_]+", name) for name in names]
    joined = [r"[\W_]?".join(map(re.escape, parts)) for parts in words if parts]
    longest_first = sorted(set(joined), key=len, reverse=True)
    either = "|".join(longest_first) or r"(?!)"
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
