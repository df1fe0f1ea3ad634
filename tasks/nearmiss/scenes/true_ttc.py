"""Time to collision in the truth of scenes, at constant velocities and at constant turn rates.

By conservative advancement: the second rectangle moves by the distance between the two, which
can never pass a contact, until they touch.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from tasks.nearmiss.scenes.camera import Array, Mask, rectangle_corners
from tasks.nearmiss.scenes.paths import State
from tasks.nearmiss.scenes.users_on_ground import Track

TTC_HORIZON = 4.0  # s; a later collision is no TTC
_TOUCH = 1e-4  # m
_TURN_CHECK = 2.3  # s
_TURN_RATE = 0.05  # rad/s; slower turning is driving straight


def time_to_collision(
    rectangles_a: NDArray[np.object_],
    rectangles_b: NDArray[np.object_],
    relative_velocity: Array,
    horizon: float = TTC_HORIZON,
) -> Array:
    """Seconds until rectangles b (N), moving at relative_velocity (N, 2) m/s, touch a (N).

    inf where they do not within `horizon` seconds; 0 where they already do.
    """
    elapsed = np.zeros(len(rectangles_a))
    result = np.full(len(rectangles_a), np.inf)
    speed = np.hypot(relative_velocity[:, 0], relative_velocity[:, 1])
    going = np.arange(len(rectangles_a))
    rings = shapely.get_coordinates(rectangles_b).reshape(-1, 5, 2)
    # The gap shrinks at most at the relative speed, so no step can pass a first contact.
    # Rectangles that graze could take endless small steps; hence the limit.
    for _ in range(2000):
        shift = elapsed[going, None] * relative_velocity[going]
        moved = shapely.polygons(rings[going] + shift[:, None, :])
        gap = shapely.distance(rectangles_a[going], moved)
        touching = gap <= _TOUCH
        result[going[touching]] = elapsed[going[touching]]
        going, gap = going[~touching], gap[~touching]
        moving = speed[going] > 1e-6
        going, gap = going[moving], gap[moving]
        elapsed[going] += gap / speed[going]
        going = going[elapsed[going] <= horizon]
        if len(going) == 0:
            break
    return result


def ttc_of(a: Track, b: Track, moments: Mask, gap: Array) -> Array:
    """TTC at the moments marked, inf where there is none."""
    relative = (b.state.velocity - a.state.velocity)[moments]
    apart = (b.state.position - a.state.position)[moments]
    speed = np.hypot(relative[:, 0], relative[:, 1])
    # Rectangles lie inside circles about their centres; circles that never meet need no look.
    nearest = np.clip(-(apart * relative).sum(axis=1) / np.maximum(speed, 1e-9) ** 2, 0, None)
    miss = np.linalg.norm(apart + np.minimum(nearest, TTC_HORIZON)[:, None] * relative, axis=1)
    possible = (miss <= a.radius + b.radius) & (gap[moments] <= speed * TTC_HORIZON)
    possible |= gap[moments] <= _TOUCH
    result = np.full(len(relative), np.inf)
    if possible.any():
        result[possible] = time_to_collision(
            a.rectangles[moments][possible],
            b.rectangles[moments][possible],
            relative[possible],
        )
    return result


def turn_clear(times: Array, a: Track, b: Track, stretch: tuple[int, int]) -> bool:
    """Whether users that kept their turn rates would never collide within _TURN_CHECK."""
    moments = np.unique(np.linspace(*stretch, 15).astype(int))
    rates = [_turn_rate(track.state)[moments] for track in (a, b)]
    if max(np.abs(rates[0]).max(), np.abs(rates[1]).max()) < _TURN_RATE:
        return False
    ahead = np.arange(0, _TURN_CHECK, 0.02)
    for place, moment in enumerate(moments):
        shapes = [
            _turned_rectangles(track, moment, rate[place], ahead)
            for track, rate in zip((a, b), rates, strict=True)
        ]
        if shapely.intersects(*shapes).any():
            return False
    return True


def _turn_rate(state: State) -> Array:
    velocity, acceleration = state.velocity, state.acceleration
    cross = velocity[:, 0] * acceleration[:, 1] - velocity[:, 1] * acceleration[:, 0]
    return cross / np.maximum(state.speed, 0.1) ** 2


def _turned_rectangles(track: Track, moment: int, rate: float, ahead: Array) -> NDArray[np.object_]:
    """The user's rectangles `ahead` (N,) seconds on, at constant speed and turn rate."""
    half = rate * ahead / 2
    heading = track.state.heading[moment]
    run = track.state.speed[moment] * ahead * np.sinc(half / math.pi)
    step = run[:, None] * np.stack([np.cos(heading + half), np.sin(heading + half)], axis=1)
    corners = rectangle_corners(
        track.state.position[moment] + step, heading + 2 * half, track.user.size[:2]
    )
    return shapely.polygons(corners)
