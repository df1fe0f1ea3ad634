"""What filters may know of a candidate's scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.nearmiss.interactions.ownership import Part, find_parts
from tasks.nearmiss.interactions.table import Candidate
from tasks.nearmiss.interactions.trajectories import Trajectory


@dataclass(frozen=True)
class Surroundings:
    """Tracks that are part of another road user, by track_id."""

    parts: dict[int, Part]

    @classmethod
    def of(cls, trajectories: Sequence[Trajectory]) -> Surroundings:
        """Of the trajectories that candidates were found among."""
        return cls(find_parts(trajectories))


def part_reason(candidate: Candidate, surroundings: Surroundings, kind: str, what: str) -> str:
    """Why a candidate with a part of some kind is none: the owner's meeting counts."""
    for track_id, class_name in (
        (candidate.encounter.one.track_id, candidate.encounter.one.class_name),
        (candidate.encounter.two.track_id, candidate.encounter.two.class_name),
    ):
        part = surroundings.parts.get(track_id)
        if part is not None and part.kind == kind:
            return (
                f"The {class_name} of track {track_id} {what} of track {part.owner}: its box lies "
                f"there in {part.share:.0%} of the frames."
            )
    return ""
