"""Levels of achievement, and the one fate of a score between two of them."""

import itertools
import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

FULL = 100.0
# Sums of floating-point shares are out by less than this; no submission's score is.
NOISE_DIGITS = 9


class Level(BaseModel):
    """A name for scores from `at_least` up to, and without, `below`; the highest ends with 100."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(min_length=1, max_length=40)
    at_least: float = Field(ge=0, lt=FULL)
    """The lowest score of this level."""
    below: float | None = Field(default=None, gt=0, lt=FULL)
    """Where the next higher level begins; none for the highest."""


def checked(levels: Sequence[Level]) -> tuple[Level, ...]:
    """The levels, highest first.

    Raises:
        ValueError: they leave a gap, overlap, do not cover 0 to 100, or share a name or a bound.
    """
    if not levels:
        raise ValueError("there must be at least one level")
    ordered = sorted(levels, key=lambda level: level.at_least, reverse=True)
    names = [level.name.casefold() for level in ordered]
    bounds = [level.at_least for level in ordered]
    if len(set(names)) < len(names):
        raise ValueError("two levels have the same name")
    if len(set(bounds)) < len(bounds):
        raise ValueError("two levels begin at the same score; give each distinct points")
    if ordered[0].below is not None:
        raise ValueError(
            f"the highest level, {ordered[0].name}, ends below {ordered[0].below:g}: "
            "scores up to 100 have no level; leave its `below` out"
        )
    if ordered[-1].at_least != 0:
        raise ValueError(
            f"the lowest level, {ordered[-1].name}, begins at {ordered[-1].at_least:g}: "
            "scores from 0 have no level"
        )
    for higher, lower in itertools.pairwise(ordered):
        if lower.below != higher.at_least:
            end = "nowhere" if lower.below is None else f"below {lower.below:g}"
            raise ValueError(
                f"{lower.name} ends {end} but {higher.name} begins at {higher.at_least:g}: "
                "levels must follow each other without a gap or an overlap"
            )
    return tuple(ordered)


def level_of(score: float, levels: Sequence[Level]) -> Level:
    """The level of a score from 0 to 100. The score is not rounded: 89.5 is below 90."""
    if not 0 <= score <= FULL:
        raise ValueError(f"a score of {score} is not from 0 to 100")
    return max(
        (level for level in levels if score >= level.at_least), key=lambda level: level.at_least
    )


def exact(points: float) -> float:
    """Points without the noise of floating-point sums, so that 90 is not 89.99999999999999."""
    return round(points, NOISE_DIGITS)


def shown(score: float, digits: int = 1) -> float:
    """A score for people, rounded down: 89.96 reads 89.9, since 90.0 would be another level."""
    factor = 10**digits
    return math.floor(exact(score * factor)) / factor
