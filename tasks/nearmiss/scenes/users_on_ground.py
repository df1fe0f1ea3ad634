"""Road users of a scene as rectangles on the ground, at moments 0.02 s apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from tasks.nearmiss.scenes.camera import (
    Array,
    Mask,
    Pinhole,
    box_corners,
    covered_share,
    occluder_corners,
    rectangle_corners,
    uncovered,
)
from tasks.nearmiss.scenes.language import RoadUser, Scene
from tasks.nearmiss.scenes.paths import Motion, State, motion_of

STEP = 0.02  # s, between the moments looked at
MOVING = 1.0  # m/s
_HIDDEN_SHARE = 0.7
_HIDDEN_STRIDE = 5  # moments; covering changes slowly


@dataclass(frozen=True)
class Track:
    """A road user at the scene's N moments."""

    user: RoadUser
    motion: Motion
    present: Mask
    visible: Mask
    hidden: Mask
    state: State
    rectangles: NDArray[np.object_]
    swept: shapely.Geometry

    @property
    def radius(self) -> float:
        length, width, _ = self.user.size
        return math.hypot(length, width) / 2

    def rectangle(self, time: float) -> shapely.Polygon:
        state = self.motion.state([time])
        corners = rectangle_corners(state.position, state.heading, self.user.size[:2])
        return shapely.Polygon(corners[0])


def tracks_of(scene: Scene, times: Array) -> list[Track]:
    """The road users of a scene at `times` (N,), s."""
    lens = Pinhole(scene.camera)
    motions = [motion_of(user, scene.duration) for user in scene.users]
    states = [motion.state(times) for motion in motions]
    presents = [(times >= motion.enters) & (times <= motion.leaves) for motion in motions]
    corners = [
        box_corners(state.position, state.heading, user.size[:2], (0.0, user.size[2]))
        for user, state in zip(scene.users, states, strict=True)
    ]
    hidden = _hidden(scene, lens, corners, presents)
    outlines = [shapely.polygons(each[:, :4, :2]) for each in corners]
    return [
        Track(
            user=user,
            motion=motions[index],
            present=presents[index],
            visible=presents[index] & lens.visible(corners[index]),
            hidden=hidden[index],
            state=states[index],
            rectangles=outlines[index],
            swept=swept_ground(outlines[index][presents[index]]),
        )
        for index, user in enumerate(scene.users)
    ]


def _hidden(scene: Scene, lens: Pinhole, corners: list[Array], presents: list[Mask]) -> list[Mask]:
    """Where each user is more than 70 % covered, at the moments (N,); looked at every 0.1 s."""
    count = len(presents[0])
    if not scene.observation.occlusion:
        return [np.zeros(count, dtype=bool) for _ in corners]
    coarse = [each[::_HIDDEN_STRIDE] for each in corners]
    statics = [occluder_corners(each, len(coarse[0])) for each in scene.occluders]
    outlines = [lens.silhouettes(each) for each in coarse]
    static_outlines = [lens.silhouettes(each) for each in statics]
    result = []
    for index, (outline, box) in enumerate(zip(outlines, coarse, strict=True)):
        covers = [
            (cover, lens.may_hide(static, box))
            for static, cover in zip(statics, static_outlines, strict=True)
        ] + [
            (outlines[other], present[::_HIDDEN_STRIDE] & lens.may_hide(coarse[other], box))
            for other, present in enumerate(presents)
            if other != index
        ]
        hidden = covered_share(outline, uncovered(outline, covers)) > _HIDDEN_SHARE
        result.append(np.repeat(hidden, _HIDDEN_STRIDE)[:count])
    return result


def swept_ground(rectangles: NDArray[np.object_]) -> shapely.Geometry:
    """The ground that rectangles (N) cover on their way: hulls of every second one and the next.

    Between moments 0.04 s apart the hull misses an arc's bulge of millimetres.
    """
    if len(rectangles) == 0:
        return shapely.Polygon()
    chosen = np.unique(np.append(np.arange(0, len(rectangles), 2), len(rectangles) - 1))
    corners = shapely.get_coordinates(rectangles[chosen]).reshape(-1, 5, 2)
    moved = np.abs(np.diff(corners, axis=0)).max(axis=(1, 2)) > 1e-9
    if not moved.any():
        return rectangles[0]
    successive = np.concatenate([corners[:-1], corners[1:]], axis=1)[moved]
    hulls = shapely.convex_hull(shapely.multipoints(shapely.points(successive)))
    return shapely.union_all(hulls)


def braking_of(state: State) -> Array:
    """Deceleration along the way, m/s^2, (N,)."""
    along = (state.acceleration * state.velocity).sum(axis=1)
    return -along / np.maximum(state.speed, 1e-3)


def angle_deg_between(one: Array, two: Array) -> Array:
    """The angle between headings, 0 to 180 degrees."""
    return np.degrees(np.abs((one - two + math.pi) % (2 * math.pi) - math.pi))
