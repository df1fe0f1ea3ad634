"""From the failures of a run to the one change that is tried next."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.iteration.changes import CHANGES, Change, Evidence

_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Choice:
    """The change, and how it came to be chosen.

    Attributes:
        name: of the change.
        failure_class: the largest that it answers; empty where it was asked for by name and the
            run has none of them.
        count: low-scoring answers of that class.
        of: low-scoring answers in all.
        why: argument of the change.
        settings: training settings that change, with their new values.
        data: name of the change of the data; empty where only settings change.
        skipped: changes before it, each with the reason why not.
        wanted: whether it was asked for by name, so that no class chose it.
    """

    name: str
    failure_class: str
    count: int
    of: int
    why: str
    settings: dict[str, Any]
    data: str
    skipped: list[dict[str, str]]
    wanted: bool = False


def choose(evidence: Evidence, tried: Collection[str], wanted: str | None = None) -> Choice:
    """The first untried change that answers the largest class of failures.

    Where all changes for that class were tried or make no sense for the run, the next largest is
    taken. Of classes of one size the first by name.

    Args:
        evidence: of the run.
        tried: names of the changes that earlier records have.
        wanted: name of the change to make instead; it may have been tried.

    Raises:
        BadInput: there are no failures, no change is left, or the wanted one is unknown or makes
            no sense for the run.
    """
    classes = {normalised(name): count for name, count in evidence.classes.items() if count > 0}
    if not classes:
        raise BadInput("the run has no low-scoring answers: there is nothing to drive a change by")
    order = sorted(classes, key=lambda name: (-classes[name], name))
    if wanted is not None:
        return _wanted(wanted, order, classes, evidence)
    skipped: dict[str, str] = {}
    for failure_class in order:
        for change in (change for change in CHANGES if failure_class in change.classes):
            reason = _against(change, evidence, tried)
            if not reason:
                return _choice(change, failure_class, classes, evidence, skipped)
            skipped[change.name] = reason
    told = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
    raise BadInput(f"no change is left for the failures of this run ({told}): name one to repeat")


def normalised(failure_class: str) -> str:
    """The name of a class in lower case, its words joined by underscores."""
    return _SEPARATORS.sub("_", failure_class.lower()).strip("_")


def _wanted(name: str, order: list[str], classes: Mapping[str, int], evidence: Evidence) -> Choice:
    change = next((change for change in CHANGES if change.name == name), None)
    if change is None:
        known = ", ".join(change.name for change in CHANGES)
        raise BadInput(f"there is no change called {name!r}: choose one of {known}")
    reason = change.against(evidence)
    if reason:
        raise BadInput(f"the change {name} makes no sense for this run: {reason}")
    answered = next((each for each in order if each in change.classes), "")
    return replace(_choice(change, answered, classes, evidence, {}), wanted=True)


def _against(change: Change, evidence: Evidence, tried: Collection[str]) -> str:
    return "tried before" if change.name in tried else change.against(evidence)


def _choice(
    change: Change,
    failure_class: str,
    classes: Mapping[str, int],
    evidence: Evidence,
    skipped: Mapping[str, str],
) -> Choice:
    return Choice(
        name=change.name,
        failure_class=failure_class,
        count=classes.get(failure_class, 0),
        of=sum(classes.values()),
        why=change.why,
        settings=change.settings(evidence.settings),
        data=change.data,
        skipped=[{"change": name, "reason": reason} for name, reason in skipped.items()],
    )
