"""A course with its class and gradebook: what every command about grades begins with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks.assess.analytics.class_results import ClassResults, Milestone
from tasks.assess.config import ClassCommand
from tasks.assess.course.keys import CourseKey, pseudonyms
from tasks.assess.course.roster import Roster, Student, read_roster
from tasks.assess.course.settings import COURSE_FILE, GRADEBOOK_FILE, Course, read_course
from tasks.assess.course.submission_hash import handed_in_at
from tasks.assess.gradebook.gradebook import Gradebook
from tasks.assess.grading import KNOWN_PROBES
from tasks.assess.results import MilestoneResult
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.sandbox.names import safe_name
from tasks.assess.scoring.attempts import refused
from tasks.assess.scoring.standing import CourseGrade, Standing, State, course_grade, standings
from tasks.errors import BadInput


@dataclass(frozen=True)
class Classroom:
    """Course, class and gradebook as they are now."""

    name: str
    course: Course
    key: CourseKey
    roster: Roster
    gradebook: Gradebook
    now: datetime

    @classmethod
    def enter(cls, config: ClassCommand) -> "Classroom":
        """Read what the command names.

        Raises:
            BadInput: there is no such course or class, it breaks a rule, or the gradebook is not
                as it was written.
        """
        folder = config.course_folder()
        course = read_course(folder)
        course.rubrics(KNOWN_PROBES)
        key = CourseKey.read(folder)
        gradebook = Gradebook(folder / GRADEBOOK_FILE, key)
        changed = gradebook.log.problems()
        if changed:
            raise BadInput(
                f"{folder / GRADEBOOK_FILE}: {changed[0]} Put a copy in its place that was kept."
            )
        place = _class_of(config, folder)
        return cls(
            name=_name_of(place),
            course=course,
            key=key,
            roster=read_roster(place),
            gradebook=gradebook,
            now=datetime.now(UTC),
        )

    def warnings(self) -> list[str]:
        """What may be a slip in the roster or in the course's extensions."""
        students = {one.student for one in self.roster.students}
        strangers = {one.student for one in self.course.extensions} - students
        return [
            *self.roster.warnings,
            *(
                f"{COURSE_FILE} extends for {one}, who is not in the class."
                for one in sorted(strangers)
            ),
        ]

    def students(self, wanted: str | None = None) -> list[Student]:
        """All students, or the one that is named."""
        return [self.roster.find(wanted)] if wanted else list(self.roster.students)

    def submitted(self, student: Student) -> datetime:
        """When the student's work was handed in."""
        if student.folder is None:
            raise BadInput(f"{student.student} has handed in nothing.")
        return self.course.moment(student.submitted) or handed_in_at(student.folder, self.now)

    def standings(self) -> dict[str, list[Standing]]:
        """Where every student stands in every active milestone."""
        rubrics = self.course.rubrics()
        attempts = self.gradebook.attempts(rubrics)
        return {
            one.student: standings(
                one.student,
                rubrics,
                {rubric.id: attempts.get((one.student, rubric.id), []) for rubric in rubrics},
                {r.id: self.course.due(r.id, one.student, one.extension) for r in rubrics},
                self.now,
                self.course.late,
                self.course.attempts,
            )
            for one in self.roster.students
        }

    def course_grade(self, student: str, found: list[Standing]) -> CourseGrade:
        """The grade of the course that the standings give."""
        rubrics = self.course.rubrics()
        return course_grade(student, found, self.course.weights(), rubrics[0].levels)

    def attempt_refused(
        self, student: str, milestone: str, submission_hash: str, submitted: datetime
    ) -> str:
        """Why work is not graded now; empty where it is, as for work that was graded before."""
        attempts = self.gradebook.attempts([self.course.rubric(milestone)], student)
        former = attempts.get((student, milestone), [])
        if any(one.result.submission_hash == submission_hash for one in former):
            return ""
        return refused([one.submitted for one in former], submitted, self.course.attempts)

    def results(self, rubrics: Collection[Rubric] | None = None) -> list[MilestoneResult]:
        """The results that count, with judgements, before lateness."""
        wanted = {one.id for one in rubrics} if rubrics is not None else None
        return [
            standing.result
            for found in self.standings().values()
            for standing in found
            if standing.result is not None and (wanted is None or standing.milestone in wanted)
        ]

    def results_after_lateness(self) -> list[MilestoneResult]:
        """The results that count, with what lateness takes off their scores and levels."""
        return [
            _counting(standing.result, standing)
            for found in self.standings().values()
            for standing in found
            if standing.result is not None
        ]

    def class_results(self) -> ClassResults:
        """For analytics: every milestone of every student, lateness taken off."""
        rubrics = self.course.rubrics()
        return ClassResults.gather(
            self.name,
            [one.student for one in self.roster.students],
            [self._milestone(rubric) for rubric in rubrics],
            self.results_after_lateness(),
            self.gradebook.history(rubrics),
            missing=[
                (student, standing.milestone)
                for student, found in self.standings().items()
                for standing in found
                if standing.state is State.NOT_HANDED_IN
            ],
        )

    def pseudonyms(self) -> Mapping[str, str]:
        """Student to pseudonym."""
        return pseudonyms(self.key, [one.student for one in self.roster.students])

    def names(self) -> dict[str, list[str]]:
        """What else a student is called."""
        return {one.student: [one.name, one.email] for one in self.roster.students}

    def _milestone(self, rubric: Rubric) -> Milestone:
        return Milestone(
            id=rubric.id,
            title=rubric.title,
            number=rubric.milestone,
            pass_mark=rubric.pass_mark,
            levels=tuple(level.name for level in rubric.levels),
        )


def _counting(result: MilestoneResult, standing: Standing) -> MilestoneResult:
    update = {name: getattr(standing, name) for name in ("score", "lowest", "highest", "level")}
    return result.model_copy(update=update)


def _name_of(place: Path) -> str:
    """What a class is called; also "." and ".." mean a folder with a name."""
    resolved = place.resolve()
    return safe_name(resolved.name if resolved.is_dir() else resolved.stem)


def _class_of(config: ClassCommand, folder: Path) -> Path:
    if config.class_ is not None:
        return config.class_.expanduser()
    for place in (folder / "roster.csv", folder / "submissions"):
        if place.exists():
            return place
    raise BadInput(
        f"Which class: name it with --class, or put submissions/ or roster.csv into {folder}."
    )
