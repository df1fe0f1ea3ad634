"""What a rubric file holds, checked when it is loaded."""

import hashlib
import math

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.assess.rubrics.levels import FULL, Level, checked, exact

IDENTIFIER = r"^[A-Za-z][A-Za-z0-9_]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Criterion(_Strict):
    """One part of a milestone, scored by probes or by a person."""

    id: str = Field(pattern=IDENTIFIER, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    points: float = Field(gt=0, le=FULL)
    asks: str = Field(min_length=1)
    """One sentence that every student may read; it stands for hidden probes too."""
    probes: dict[str, float] = {}
    """Registry name of a probe to the points it is worth; together the criterion's points."""
    human: bool = False
    """Whether a person scores it; until then it is pending."""
    informed_by: list[str] = []
    """Probes whose figures help the person and decide nothing."""

    @field_validator("points")
    @classmethod
    def _finite(cls, points: float) -> float:
        if not math.isfinite(points):
            raise ValueError("must be a number")
        return points

    @model_validator(mode="after")
    def _check(self) -> "Criterion":
        if self.human and self.probes:
            raise ValueError(
                f"'{self.id}' is scored by a person, so probes cannot give points; "
                "name them in `informed_by`"
            )
        if self.human:
            return self
        if not self.probes:
            raise ValueError(f"'{self.id}' needs `probes`, or `human: true`")
        if self.informed_by:
            raise ValueError(f"'{self.id}': only criteria with `human: true` are `informed_by`")
        for probe, points in self.probes.items():
            if not (math.isfinite(points) and points > 0):
                raise ValueError(f"'{self.id}': probe '{probe}' must be worth more than 0 points")
        total = exact(math.fsum(self.probes.values()))
        if total != self.points:
            raise ValueError(
                f"'{self.id}': its probes are worth {total:g} points together, "
                f"and the criterion {self.points:g}"
            )
        return self


class Assignment(_Strict):
    """One piece of work in a rubric that looks at run folders."""

    id: str = Field(pattern=IDENTIFIER, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    folder: str = ""
    """Where it lies in the submission; the id where this is empty."""
    flow: str = ""
    """The flow that its record.json names; any where this is empty."""
    files: list[str] = []
    """Patterns of files that must be there, from the folder on."""

    @model_validator(mode="after")
    def _check(self) -> "Assignment":
        for pattern in [self.folder, *self.files]:
            if pattern.startswith(("/", "~")) or ".." in pattern.split("/"):
                raise ValueError(f"'{self.id}': '{pattern}' leads out of the submission")
        return self


class Rubric(_Strict):
    """A milestone's, or a pack's, criteria and levels."""

    id: str = Field(pattern=IDENTIFIER, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    milestone: int | None = Field(default=None, ge=1, le=99)
    """Its number on the command line, where it is a milestone of a course."""
    course_weight: float | None = Field(default=None, gt=0, le=FULL)
    """Percent of the course grade that `init` gives it."""
    levels: tuple[Level, ...]
    pass_mark: float = Field(gt=0, le=FULL)
    """The lowest score with which it counts as completed; a level begins there."""
    criteria: list[Criterion] = Field(min_length=1)
    assignments: list[Assignment] = []
    """The pieces of work that the probes of a pack look at."""

    @field_validator("levels")
    @classmethod
    def _levels(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        return checked(levels)

    @model_validator(mode="after")
    def _check(self) -> "Rubric":
        for things, name in ((self.criteria, "criteria"), (self.assignments, "assignments")):
            ids = [thing.id for thing in things]
            twice = next((one for one in ids if ids.count(one) > 1), None)
            if twice:
                raise ValueError(f"two {name} have the id '{twice}'")
        total = exact(math.fsum(criterion.points for criterion in self.criteria))
        if total != FULL:
            raise ValueError(f"the points of the criteria sum to {total:g}, not to 100")
        if self.pass_mark not in {level.at_least for level in self.levels}:
            raise ValueError(f"`pass_mark` {self.pass_mark:g} is not where a level begins")
        for criterion in self.criteria:
            points = [points for _, points in self.ratings(criterion)]
            if len(set(points)) < len(points):
                raise ValueError(
                    f"'{criterion.id}' has too few points for {len(points)} levels to have "
                    "distinct ones"
                )
        return self

    def criterion(self, criterion_id: str) -> Criterion | None:
        """The criterion with this id, or None."""
        return next((one for one in self.criteria if one.id == criterion_id), None)

    def probes(self) -> list[str]:
        """Names of all probes it needs, once each, in their order."""
        named = [
            probe
            for criterion in self.criteria
            for probe in [*criterion.probes, *criterion.informed_by]
        ]
        return list(dict.fromkeys(named))

    def ratings(self, criterion: Criterion) -> list[tuple[str, float]]:
        """(level, points) of a criterion for learning platforms, highest first, to two decimals.

        The highest level stands for all points, every other one for the points it begins with.
        """
        starts = [FULL, *(level.at_least for level in self.levels[1:])]
        return [
            (level.name, round(criterion.points * start / FULL, 2))
            for level, start in zip(self.levels, starts, strict=True)
        ]

    def fingerprint(self) -> str:
        """Hex sha256 of everything that it says: part of the grader's version."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
