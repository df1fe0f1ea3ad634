"""What a person has to do before grades are final."""

from dataclasses import dataclass

from tasks.assess.analytics.class_results import ClassResults, Milestone
from tasks.assess.results import Outcome

# What the teacher does about each, the most urgent first.
TO_DO = {
    Outcome.GRADER_ERROR: "find what is wrong with the grader, then regrade",
    Outcome.NOT_GRADABLE: "look at the submission; the checks could not be brought to an end",
    Outcome.BORDERLINE: "decide: the measured interval lies on both sides of the threshold",
    Outcome.PENDING: "score what a person scores",
}


@dataclass(frozen=True)
class Waiting:
    """Criteria that wait for the same thing.

    Attributes:
        students: to the titles of their criteria.
        criteria: how many criteria of all students together.
    """

    milestone: Milestone
    outcome: Outcome
    to_do: str
    students: dict[str, tuple[str, ...]]

    @property
    def criteria(self) -> int:
        return sum(len(titles) for titles in self.students.values())


def waiting(results: ClassResults) -> list[Waiting]:
    """By what they wait for, the most urgent first, then by milestone."""
    found = []
    for outcome, to_do in TO_DO.items():
        for milestone in results.milestones:
            students = {
                result.student: titles
                for result in results.of(milestone)
                if (titles := tuple(c.title for c in result.criteria if c.outcome is outcome))
            }
            if students:
                found.append(Waiting(milestone, outcome, to_do, students))
    return found
