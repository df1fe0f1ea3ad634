"""What course.yaml holds: milestones and their due dates, and the rules of the course."""

import math
import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from tasks.assess.rubrics.levels import FULL, exact
from tasks.assess.rubrics.reading import find_rubric, read_rubric
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.attempts import AttemptPolicy
from tasks.assess.scoring.lateness import LatePolicy
from tasks.assess.yaml_file import read_yaml
from tasks.errors import BadInput

COURSE_FILE = "course.yaml"
GRADEBOOK_FILE = "gradebook.sqlite"
END_OF_DAY = time(23, 59, 59)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _a_day_stays_a_day(given: Any) -> Any:
    """Read a quoted day as a day, which pydantic would take for its midnight."""
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given.strip()):
        return date.fromisoformat(given.strip())
    if isinstance(given, int | float):
        raise ValueError("a day is written as 2027-01-31, a time as 2027-01-31 18:00")
    return given


DayOrTime = Annotated[datetime | date, BeforeValidator(_a_day_stays_a_day)]


class Milestone(_Strict):
    """One milestone of the course."""

    rubric: str = Field(min_length=1)
    """Name of its rubric, or a path to one."""
    weight: float = Field(gt=0, le=FULL, allow_inf_nan=False)
    """Percent of the course grade."""
    due: DayOrTime | None = None
    """A day, whose last second counts, or a time; nothing is late without one."""
    active: bool = True
    """Whether it is graded and counts."""


class Extension(_Strict):
    """More time for one student."""

    student: str = Field(min_length=1)
    milestone: Annotated[str, Field(coerce_numbers_to_str=True)] | None = None
    """Number or id; every milestone where it is left out."""
    days: int | None = Field(default=None, ge=1, le=365)
    """Days more than the others have."""
    until: DayOrTime | None = None
    """The due time instead of the others'."""
    reason: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> "Extension":
        if (self.days is None) == (self.until is None):
            raise ValueError(f"the extension of '{self.student}' needs either `days` or `until`")
        return self


class Similarity(_Strict):
    """What copies are not looked for in."""

    base_code: Path | None = None
    """Folder of the code that every student was given."""
    previous_year: Path | None = None
    """Folder of last year's class."""


class Canvas(_Strict):
    """Which course it is on Canvas. Address and token come from the environment alone."""

    course_id: int | None = Field(default=None, ge=1)


class Course(_Strict):
    """A course as its instructor set it."""

    name: str = Field(min_length=1, max_length=200)
    timezone: str = "UTC"
    """Zone of the times that come without an offset."""
    milestones: list[Milestone]
    late: LatePolicy = LatePolicy()
    attempts: AttemptPolicy = AttemptPolicy()
    extensions: list[Extension] = []
    similarity: Similarity = Similarity()
    canvas: Canvas = Canvas()

    _folder: Path = PrivateAttr(default=Path())
    _rubrics: list[Rubric] | None = PrivateAttr(default=None)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"'{timezone}' is no time zone like Europe/Berlin") from error
        return timezone

    @model_validator(mode="after")
    def _check(self) -> "Course":
        names = [one.rubric for one in self.milestones]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"milestone '{twice}' is named twice")
        total = exact(math.fsum(one.weight for one in self.milestones))
        if total != FULL:
            raise ValueError(f"the weights of the milestones sum to {total:g}, not to 100")
        if not any(one.active for one in self.milestones):
            raise ValueError("no milestone is active")
        return self

    @property
    def folder(self) -> Path:
        """Where course.yaml, the key and the gradebook lie."""
        return self._folder

    def rubrics(self, known_probes: Collection[str] | None = None) -> list[Rubric]:
        """The rubrics of active milestones, in the order of the file.

        Args:
            known_probes: names in the registry; None leaves them unchecked.

        Raises:
            BadInput: one is missing or wrong, names an unknown probe, or two have the same id or
                number.
        """
        if self._rubrics is not None:
            return self._rubrics
        found = [
            read_rubric(find_rubric(one.rubric, self._folder), known_probes)
            for one in self.milestones
            if one.active
        ]
        for values in ([r.id for r in found], [r.milestone for r in found if r.milestone]):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise BadInput(f"{self._folder / COURSE_FILE}: two milestones are '{twice}'.")
        self._rubrics = found
        self._check_extensions()
        return found

    def _check_extensions(self) -> None:
        """Refuse an extension that would do nothing, since its milestone is none."""
        active = {name for rubric in self._rubrics or [] for name in _names_of(rubric)}
        others = [one for one in self.extensions if one.milestone not in (None, *active)]
        # Only now: an inactive milestone may have no rubric yet.
        known = self._names_of_inactive() if others else set()
        for one in others:
            if one.milestone not in known:
                raise BadInput(
                    f"{self._folder / COURSE_FILE}: the extension of '{one.student}' is for "
                    f"'{one.milestone}', which is no milestone of the course."
                )

    def _names_of_inactive(self) -> set[str]:
        paths = [find_rubric(one.rubric, self._folder) for one in self.milestones if not one.active]
        return {name for path in paths for name in _names_of(read_rubric(path))}

    def rubric(self, milestone: str) -> Rubric:
        """The rubric of an active milestone by its number or id.

        Raises:
            BadInput: there is no such milestone, or it is not active.
        """
        rubrics = self.rubrics()
        for rubric in rubrics:
            if milestone in (rubric.id, str(rubric.milestone)):
                return rubric
        known = ", ".join(str(rubric.milestone or rubric.id) for rubric in rubrics)
        raise BadInput(
            f"The course has no active milestone '{milestone}'; it has {known}. Change that with "
            "configure --milestones."
        )

    def weights(self) -> dict[str, float]:
        """Percent of the course grade by the rubric's id, of active milestones."""
        active = [one for one in self.milestones if one.active]
        return {rubric.id: one.weight for rubric, one in zip(self.rubrics(), active, strict=True)}

    def due(self, milestone: str, student: str, extra_days: int = 0) -> datetime | None:
        """When a milestone is due for a student: the latest of what all have and was extended.

        Args:
            milestone: the rubric's id.
            student: as in the roster.
            extra_days: of the roster.
        """
        active = [one for one in self.milestones if one.active]
        named = {rubric.id: one for rubric, one in zip(self.rubrics(), active, strict=True)}
        common = self.moment(named[milestone].due)
        names = _names_of(self.rubric(milestone))
        if common is None:
            return None
        granted = [common, common + timedelta(days=extra_days)]
        for one in self.extensions:
            if one.student == student and one.milestone in (None, *names):
                until = self.moment(one.until)
                granted.append(until or common + timedelta(days=one.days or 0))
        return max(granted, key=lambda moment: moment.astimezone(UTC))

    def moment(self, given: datetime | date | None) -> datetime | None:
        """A time that knows its zone, the course's where none is given; of a day its end."""
        if given is None:
            return None
        moment = given if isinstance(given, datetime) else datetime.combine(given, END_OF_DAY)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.timezone))


def _names_of(rubric: Rubric) -> tuple[str, ...]:
    """What a milestone may be called."""
    return (rubric.id,) if rubric.milestone is None else (rubric.id, str(rubric.milestone))


def read_course(folder: Path) -> Course:
    """The course in a folder.

    Raises:
        BadInput: there is none, or it breaks a rule.
    """
    path = folder / COURSE_FILE
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no course here; make one with "
            'python flows/assess.py init --course-name "…".'
        )
    course = read_yaml(path, Course, "a course's keys (name, milestones …)")
    course._folder = folder.resolve()
    return course
