"""Post-encroachment time in the truth of scenes.

From the union of the convex hulls of successive rectangles (every 0.04 s), with entry and exit
times bisected.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import shapely

from tasks.nearmiss.scenes.camera import Array
from tasks.nearmiss.scenes.users_on_ground import STEP, Track, angle_deg_between

LEAST_ANGLE_DEG = 15.0  # below it users follow one another, which no rule counts


@dataclass(frozen=True)
class Passing:
    """One passing through shared ground: who first, when it left, when the other came."""

    sec: float
    first: str
    left: float
    arrived: float
    angle_deg: float
    seen: bool
    fastest: float


def passings(times: Array, a: Track, b: Track) -> list[Passing]:
    """Every passing of one user after the other through ground that both sweep."""
    shared = shapely.intersection(a.swept, b.swept)
    found = []
    for zone in shapely.get_parts(shared):
        if zone.geom_type != "Polygon" or zone.area < 0.01:
            continue
        shapely.prepare(zone)
        visits_a, visits_b = _visits(times, a, zone), _visits(times, b, zone)
        for (in_a, out_a), (in_b, out_b) in itertools.product(visits_a, visits_b):
            if out_a <= in_b:
                found.append(_passing(times, a, b, out_a, in_b))
            elif out_b <= in_a:
                found.append(_passing(times, b, a, out_b, in_a))
    return [pet for pet in found if pet.angle_deg >= LEAST_ANGLE_DEG]


def _visits(times: Array, track: Track, zone: shapely.Polygon) -> list[tuple[float, float]]:
    """Entry and exit times of a user's stays on `zone`; those cut by its presence left open."""
    inside = track.present & shapely.intersects(track.rectangles, zone)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    present = np.flatnonzero(track.present)
    visits = []
    for first, stop in edges.reshape(-1, 2):
        entered = -math.inf if first == present[0] else _crossing_time(times, track, zone, first)
        left = math.inf if stop - 1 == present[-1] else _crossing_time(times, track, zone, stop)
        visits.append((entered, left))
    return visits


def _crossing_time(times: Array, track: Track, zone: shapely.Polygon, index: int) -> float:
    """When the user enters or leaves `zone` between moments index - 1 and index, bisected."""
    low, high = float(times[index - 1]), float(times[index])
    inside_low = zone.intersects(track.rectangle(low))
    while high - low > 1e-5:
        middle = (low + high) / 2
        if zone.intersects(track.rectangle(middle)) == inside_low:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _passing(times: Array, first: Track, second: Track, left: float, arrived: float) -> Passing:
    before, after = first.motion.state([left]), second.motion.state([arrived])
    at_left, at_arrived = round(left / STEP), round(arrived / STEP)
    last = len(times) - 1
    return Passing(
        sec=arrived - left,
        first=first.user.id,
        left=left,
        arrived=arrived,
        angle_deg=float(angle_deg_between(before.heading, after.heading)[0]),
        seen=bool(first.visible[min(at_left, last)] and second.visible[min(at_arrived, last)]),
        fastest=float(max(before.speed[0], after.speed[0])),
    )


def least_lag(times: Array, a: Track, b: Track) -> Passing | None:
    """The least time between the two users being at one spot, to STEP * 5, or None above 6 s."""
    coarse = slice(0, len(times), 5)
    at = times[coarse]
    rows = np.flatnonzero(a.present[coarse])
    columns = np.flatnonzero(b.present[coarse])
    first, second = np.meshgrid(rows, columns, indexing="ij")
    apart = np.abs(at[first] - at[second])
    position_a, position_b = a.state.position[coarse], b.state.position[coarse]
    far = np.linalg.norm(position_a[first] - position_b[second], axis=2)
    possible = (far <= a.radius + b.radius) & (apart <= 6.0)
    first, second, apart = first[possible], second[possible], apart[possible]
    meet = shapely.intersects(a.rectangles[coarse][first], b.rectangles[coarse][second])
    if not meet.any():
        return None
    best = int(np.argmin(np.where(meet, apart, np.inf)))
    time_a, time_b = float(at[first[best]]), float(at[second[best]])
    if time_a <= time_b:
        return _passing(times, a, b, time_a, time_b)
    return _passing(times, b, a, time_b, time_a)
