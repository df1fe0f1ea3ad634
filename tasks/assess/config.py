"""Parameters of the commands of assessment, one model a command."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field
from pydantic_settings import CliPositionalArg

from tasks.assess.datasets import DATASETS
from tasks.config import FlowConfig
from tasks.locate import PROJECT_ROOT


class CourseCommand(FlowConfig):
    """What every command takes."""

    course: Path = Field(default=Path("data/course"), description="Folder of the course.")
    output_dir: Path = Field(
        default=Path("outputs/assess"), description="Folder for reports and exports."
    )

    def course_folder(self) -> Path:
        """The course's folder; a relative one is inside the project."""
        expanded = self.course.expanduser()
        return expanded if expanded.is_absolute() else PROJECT_ROOT / expanded


class ClassCommand(CourseCommand):
    """What every command about a class takes."""

    model_config = ConfigDict(populate_by_name=True)

    class_: Path | None = Field(
        default=None,
        alias="class",
        description="The class: a folder with one submission folder a student, or a CSV that "
        "names them. None: roster.csv or submissions/ in the course's folder.",
    )


class Init(CourseCommand):
    """Make a course: course.yaml, in which every setting is explained, and its key."""

    course_name: str = Field(min_length=1, description="What the course is called.")


class PrepareData(CourseCommand):
    """Find the test data on this machine or fetch it, and check its sums."""

    datasets: list[str] = Field(
        default_factory=list, description=f"Any of {', '.join(DATASETS)}; none is all."
    )


class Configure(CourseCommand):
    """Choose the milestones of the course."""

    milestones: str = Field(description="Their numbers, such as 1,2,3,4,5.")


class SelfCheck(CourseCommand):
    """A student's own check of a submission: public probes only, nothing is kept."""

    milestone: CliPositionalArg[str] = Field(description="Number of the milestone.")
    submission: Path = Field(default=Path("."), description="Folder of the submission.")
    unsafe_local: bool = Field(
        default=False, description="Run the code without a sandbox, as yourself."
    )


class Grade(ClassCommand):
    """Grade what is new in a class, keep the grades, and tell how the class is doing."""

    milestone: str | None = Field(
        default=None, min_length=1, description="Number or name; None is all that are active."
    )
    student: str | None = Field(default=None, description="The only student; None is all.")
    at_once: int | None = Field(
        default=None, ge=1, le=64, description="Students at once; None is one a core."
    )
    threshold: float = Field(default=70, ge=0, le=100, description="Scores below it struggle.")
    unsafe_local: bool = Field(
        default=False, description="Run the students' code without a sandbox, as yourself."
    )


class GradeOne(Grade):
    """Grade one student in one milestone."""

    milestone: str = Field(min_length=1, description="Number or name of the milestone.")
    student: str = Field(min_length=1, description="As in the roster.")


class Regrade(Grade):
    """Grade again what a former version of the grader graded, and show who changes."""

    apply: bool = Field(default=False, description="Replace the grades, after the changes.")


class Report(ClassCommand):
    """Write a student's report: score, level, every criterion with evidence and what to do next."""

    student: str = Field(min_length=1, description="As in the roster.")
    milestone: str | None = Field(default=None, description="One milestone.")
    all_milestones: bool = Field(default=False, description="All milestones and the course grade.")
    pseudonymous: bool = Field(default=False, description="Under a pseudonym.")


class Analyze(ClassCommand):
    """How the class is doing: completion, scores, warnings, hardest criteria, what to change."""

    threshold: float = Field(default=70, ge=0, le=100, description="Scores below it struggle.")
    pseudonymous: bool = Field(default=False, description="Under pseudonyms.")


class Progress(Analyze):
    """Where every student stands in every milestone, and the class over time."""


class Struggling(Analyze):
    """Who is below the threshold, in what, and why."""


class Override(ClassCommand):
    """Give a criterion a person's score, signed and kept."""

    student: str = Field(min_length=1, description="As in the roster.")
    criterion: str = Field(min_length=1, description="Its id, such as code_quality.")
    milestone: str | None = Field(
        default=None, description="Needed where several milestones have such a criterion."
    )
    score: float = Field(ge=0, le=100, description="Points.")
    reason: str = Field(min_length=1, description="Why; the student reads it.")
    by: str | None = Field(default=None, description="Who decides; None is your user name.")


class SimilarityOf(ClassCommand):
    """Rank pairs of submissions by the code that they have in common, for a person to look at."""

    milestone: str | None = Field(
        default=None, description="For the title; a submission is compared as a whole."
    )
    base_code: Path | None = Field(
        default=None, description="Code that all were given; None is what course.yaml says."
    )
    previous_year: Path | None = Field(
        default=None, description="Last year's class; None is what course.yaml says."
    )
    at_least: float = Field(default=0.2, ge=0, le=1, description="Share from which to list a pair.")


class Export(ClassCommand):
    """Write the grades for a spreadsheet, Gradescope or Canvas."""

    platform: CliPositionalArg[Literal["csv", "gradescope", "canvas"]] = Field(
        description="csv, gradescope (an autograder zip and a rubric CSV a milestone) or canvas."
    )
    with_provisional: bool = Field(
        default=False, description="canvas: give provisional grades too."
    )
    canvas_export: Path | None = Field(
        default=None,
        description="canvas: the gradebook as Canvas exports it, so that its ids are known.",
    )


class SyncCanvas(ClassCommand):
    """Bring rubrics, assignments and final grades of the course to Canvas."""

    course_id: int | None = Field(
        default=None, ge=1, description="Canvas' id of the course; None is what course.yaml says."
    )
    dry_run: bool = Field(default=False, description="Only show what would change.")
    with_provisional: bool = Field(default=False, description="Give provisional grades too.")


class UploadRubrics(CourseCommand):
    """Bring the rubrics to a learning platform."""

    platform: Literal["canvas", "gradescope"] = Field(
        description="canvas, or gradescope, which has no interface for it: CSV files to type from."
    )
    course_id: int | None = Field(default=None, ge=1, description="Canvas' id of the course.")
    dry_run: bool = Field(default=False, description="Only show what would change.")
