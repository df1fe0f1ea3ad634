"""What probes of evidence share: they look at every assignment and name all that is missing."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from tasks.assess.packs.work import Work, find_work
from tasks.assess.results import Outcome, ProbeResult
from tasks.assess.rubrics.rubric import Assignment


@dataclass(frozen=True)
class Looked:
    """What was found of one assignment.

    Attributes:
        right: pieces of evidence that are there.
        asked: pieces that are asked for; 0 where the assignment asks for none of the kind.
        missing: each missing piece, as a student would call it.
        figures: of the pieces, by name.
        unreadable: whether a piece could not be judged, by no proven fault of the student.
    """

    right: int
    asked: int
    missing: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    unreadable: bool = False


class EvidenceProbe(ABC):
    """A question to every assignment of a pack; the share is the mean over assignments.

    Attributes:
        name: in the registry; rubrics refer to it.
        found: what it says where everything is there.
        advice: what to do next where something is missing.
    """

    name: ClassVar[str]
    public: ClassVar[bool] = True
    found: ClassVar[str]
    advice: ClassVar[str]

    @abstractmethod
    def look(self, work: Work) -> Looked:
        """What there is of one assignment, whose folder is there."""

    def asks(self, assignment: Assignment) -> bool:
        """Whether the assignment asks for evidence of this kind."""
        return True

    def inspect(self, submission: Path, assignments: Sequence[Assignment]) -> ProbeResult:
        """What the files of a submission say."""
        looked = [
            (one, self._looked(find_work(submission, one))) for one in assignments if self.asks(one)
        ]
        looked = [(one, held) for one, held in looked if held.asked]
        missing = [f"{one.id}: {piece}" for one, held in looked for piece in held.missing]
        figures = {
            "n": len(looked),
            "complete": sum(held.right == held.asked for _, held in looked),
            "missing": missing,
            **{one.id: held.figures for one, held in looked if held.figures},
        }
        if any(held.unreadable for _, held in looked):
            return self.result(Outcome.NOT_GRADABLE, None, _listed(missing), figures)
        if not looked:
            return self.result(Outcome.PASSED, 1.0, "No assignment asks for this.", figures)
        share = sum(held.right / held.asked for _, held in looked) / len(looked)
        if not missing:
            return self.result(Outcome.PASSED, 1.0, self.found, figures)
        told = f"{figures['complete']} of {len(looked)} complete. Missing: {_listed(missing)}"
        return self.result(Outcome.FAILED, share, told, figures)

    def result(
        self, outcome: Outcome, share: float | None, evidence: str, figures: dict[str, Any]
    ) -> ProbeResult:
        """The probe's result, with advice where something is wrong."""
        return ProbeResult(
            probe=self.name,
            outcome=outcome,
            share=share,
            evidence=evidence,
            next_step="" if outcome is Outcome.PASSED else self.advice,
            figures=figures,
            public=self.public,
        )

    def _looked(self, work: Work) -> Looked:
        if work.folder is None:
            place = work.assignment.folder or work.assignment.id
            return Looked(0, 1, [f"the folder {place}/ ({work.assignment.title})"])
        return self.look(work)


def pieces(checks: Sequence[tuple[bool, str]], **figures: Any) -> Looked:
    """Pieces of evidence as (is it there, what it is)."""
    return Looked(
        sum(there for there, _ in checks),
        len(checks),
        [what for there, what in checks if not there],
        figures,
    )


def no_record(work: Work) -> Looked | None:
    """What a probe of the record says where there is none; None where there is one."""
    return Looked(0, 1, [work.record_problem]) if work.record_problem else None


def _listed(missing: Sequence[str]) -> str:
    return f"{'; '.join(missing)}."
