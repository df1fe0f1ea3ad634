"""Which tracks are part of another road user: a rider of a bicycle, a passenger of a bus, or a
second box on one vehicle. They are boxes of one road user, so they cannot nearly collide with it,
and what they meet is met by their owner.

Liu, Saunier and Bilodeau (2025) name such tracks, and identities that break, as the reason why
trackers over-count interactions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.trajectories import Trajectory

Floats = NDArray[np.float64]
LEAST_FRAMES = 4  # seen together in fewer, nothing is told
SHARE = 0.8  # of the frames together in which boxes must lie as said
LEAST_TOGETHER = 0.6  # of the part's frames in which the owner is seen too
STEADY = 0.12  # spread of a part's place within its owner's box, in sides of it
VEHICLES = frozenset({"car", "truck", "bus"})


@dataclass(frozen=True)
class Part:
    """A track that belongs to another: `kind` is rider, passenger or duplicate."""

    owner: int
    kind: str
    share: float


def find_parts(trajectories: Sequence[Trajectory]) -> dict[int, Part]:
    """Tracks that are part of another, by track_id; an owner is no part itself."""
    parts: dict[int, Part] = {}
    for part, owner in _together_in_time(trajectories):
        if part.track_id == owner.track_id:
            continue
        kind = _kind(part.class_name, owner.class_name)
        if kind is None:
            continue
        share = _share(kind, part, owner)
        best = parts.get(part.track_id)
        if share >= SHARE and (best is None or share > best.share):
            parts[part.track_id] = Part(owner.track_id, kind, share)
    # Of two boxes that take each other for a part, the one found first stays an owner.
    for track_id in sorted(parts):
        if track_id in parts and parts[track_id].owner in parts:
            other = parts[parts[track_id].owner]
            if other.owner == track_id:
                del parts[parts[track_id].owner]
    return parts


def _together_in_time(
    trajectories: Sequence[Trajectory],
) -> Iterator[tuple[Trajectory, Trajectory]]:
    """Either way round, all of whom one begins before the other ends."""
    starts = np.array([each.times[0] for each in trajectories])
    ends = np.array([each.times[-1] for each in trajectories])
    for number, one in enumerate(trajectories):
        for other in np.flatnonzero((starts <= ends[number]) & (ends >= starts[number])):
            if other != number:
                yield one, trajectories[other]


def _kind(part: str, owner: str) -> str | None:
    if part == "person" and owner in ("bicycle", "motorcycle"):
        return "rider"
    if part == "person" and owner in VEHICLES:
        return "passenger"
    same = part == owner or {part, owner} <= VEHICLES or {part, owner} == {"bicycle", "motorcycle"}
    return "duplicate" if same and part != "person" else None


def _share(kind: str, part: Trajectory, owner: Trajectory) -> float:
    """Share of the frames together in which the boxes lie as this kind of part does, or 0."""
    inner, outer = _together(part, owner)
    if len(inner) < LEAST_FRAMES or len(inner) < LEAST_TOGETHER * part.observed.sum():
        return 0.0
    sides = outer[:, 2:] - outer[:, :2]
    own = inner[:, 2:] - inner[:, :2]
    if kind == "rider":
        middle = (inner[:, 0] + inner[:, 2]) / 2
        beside = (middle > outer[:, 0]) & (middle < outer[:, 2])
        on_top = (
            (inner[:, 1] < outer[:, 1] + 0.3 * sides[:, 1])
            & (inner[:, 3] > outer[:, 1])
            & (inner[:, 3] < outer[:, 3] + 0.1 * sides[:, 1])
        )
        return float((beside & on_top).mean()) if _steady(inner, outer) else 0.0
    covered = _intersection(inner, outer) / np.prod(own, axis=1)
    inside = covered > 0.85
    if kind == "passenger":
        above = (outer[:, 3] - inner[:, 3]) / sides[:, 1] > 0.15
        return float((inside & above).mean()) if _steady(inner, outer) else 0.0
    smaller = np.prod(own, axis=1).mean() <= np.prod(sides, axis=1).mean()
    if not smaller:
        return 0.0
    level = np.abs(outer[:, 3] - inner[:, 3]) < 0.25 * sides[:, 1]
    big = np.prod(own, axis=1) > 0.3 * np.prod(sides, axis=1)
    return float((inside & level & big).mean()) if _steady(inner, outer) else 0.0


def _together(part: Trajectory, owner: Trajectory) -> tuple[Floats, Floats]:
    frames, at, other = np.intersect1d(part.frames, owner.frames, return_indices=True)
    both = part.observed[at] & owner.observed[other] if len(frames) else np.zeros(0, bool)
    return part.boxes[at][both], owner.boxes[other][both]


def _intersection(one: Floats, two: Floats) -> Floats:
    low, high = np.maximum(one[:, :2], two[:, :2]), np.minimum(one[:, 2:], two[:, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=1)


def _steady(inner: Floats, outer: Floats) -> bool:
    """Whether the inner box keeps its place within the outer one, but for slow turning."""
    sides = outer[:, 2:] - outer[:, :2]
    place = ((inner[:, :2] + inner[:, 2:]) / 2 - outer[:, :2]) / sides
    step = np.abs(np.diff(place, axis=0))
    return bool(np.median(step, axis=0).max() < STEADY)
