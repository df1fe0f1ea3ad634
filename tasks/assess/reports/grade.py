"""A grade as a report shows it, and what a section of the report is about."""

from dataclasses import dataclass

from tasks.assess.reports.wording import percent
from tasks.assess.results import MilestoneResult


@dataclass(frozen=True)
class Grade:
    """Of a milestone or of the course.

    Attributes:
        score: of 100; None where nothing is settled.
        level: the rubric's name for it; empty where there is none.
        provisional: whether something is still open.
        lowest: the score if nothing open earned a point; None where that is not known.
        highest: the score if everything open earned all points.
    """

    score: float | None
    level: str
    provisional: bool
    lowest: float | None = None
    highest: float | None = None

    @classmethod
    def of(cls, result: MilestoneResult) -> "Grade":
        """The grade of a milestone, lateness apart."""
        return cls(result.score, result.level, result.provisional, result.lowest, result.highest)

    @property
    def kind(self) -> str:
        """Whether it may still change."""
        return "provisional" if self.provisional else "final"

    @property
    def possible(self) -> str:
        """What the final score may be, in words; empty where that is said by the score."""
        if not self.provisional or self.lowest is None or self.highest is None:
            return ""
        return f"the final score will be between {percent(self.lowest)} and {percent(self.highest)}"


@dataclass(frozen=True)
class Section:
    """One milestone of a student's report.

    Attributes:
        title: of the milestone.
        result: what was found; None where nothing was handed in.
        grade: what counts, lateness taken off; the result's own where it is left out.
        notes: what else the student has to know, such as the cost of being late.
    """

    title: str
    result: MilestoneResult | None
    grade: Grade | None = None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Grade | None:
        """The grade to show; None where there is nothing to grade."""
        if self.grade is not None or self.result is None:
            return self.grade
        return Grade.of(self.result)
