"""Exact motion of a road user: position, velocity, heading and acceleration at any time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline, CubicSpline, PchipInterpolator

if TYPE_CHECKING:
    from .language import RoadUser

Array = NDArray[np.float64]

_STANDSTILL = 1e-3  # m/s; below it a velocity has no direction worth following


@dataclass(frozen=True)
class State:
    """Motion at N times: position (N, 2) m, velocity (N, 2) m/s, heading (N,) rad,
    acceleration (N, 2) m/s^2."""

    position: Array
    velocity: Array
    heading: Array
    acceleration: Array

    @property
    def speed(self) -> Array:
        """Speed in m/s, shape (N,)."""
        return np.hypot(self.velocity[:, 0], self.velocity[:, 1])


class Motion(Protocol):
    """How a road user moves; it is present from `enters` to `leaves` (seconds)."""

    enters: float
    leaves: float

    def state(self, times: ArrayLike) -> State:
        """The exact State at times of shape (N,), in seconds; also outside the presence."""
        ...


def motion_of(user: RoadUser, duration: float) -> Motion:
    """The motion of a road user in a scene of `duration` seconds.

    A user on a path is present until it reaches the path's end.  Raises ValueError if a corner
    has no room for its radius.
    """
    leaves = min(duration, user.leaves or duration)
    if user.timed is not None:
        return TimedMotion(np.array(user.timed), user.enters, leaves, user.heading)
    points = np.array(user.path, dtype=float)
    profile = SpeedProfile(user.speed)
    if len(points) == 1:
        heading = math.radians(user.heading or 0.0)
        curve: Curve = ArcCurve.standing(points[0], heading)
        return PathMotion(curve, profile, user.enters, leaves)
    if user.smooth == "cubic" and len(points) > 2:
        curve = CubicCurve(points)
    else:
        curve = ArcCurve.through(points, user.corner_radius)
    leaves = min(leaves, profile.time_at_distance(curve.length, leaves))
    return PathMotion(curve, profile, user.enters, leaves)


class SpeedProfile:
    """Speed that is linear in time between knots and constant outside them.

    Distance is counted from time 0, so a user that enters later is already on its way.
    """

    def __init__(self, speed: float | list[tuple[float, float]]) -> None:
        knots = speed if isinstance(speed, list) else [(0.0, speed)]
        if knots[0][0] > 0.0:
            knots = [(0.0, knots[0][1]), *knots]
        self._times = np.array([time for time, _ in knots], dtype=float)
        self._speeds = np.array([value for _, value in knots], dtype=float)
        steps = np.diff(self._times)
        means = (self._speeds[1:] + self._speeds[:-1]) / 2
        self._distances = np.concatenate([[0.0], np.cumsum(means * steps)])
        self._rates = np.append(np.diff(self._speeds) / steps, 0.0)

    def at(self, times: Array) -> tuple[Array, Array, Array]:
        """Distance (m), speed (m/s) and its rate (m/s^2) at times (N,), each (N,)."""
        piece = np.clip(np.searchsorted(self._times, times, side="right") - 1, 0, None)
        elapsed = times - self._times[piece]
        rate = np.where(elapsed >= 0, self._rates[piece], 0.0)
        speed = self._speeds[piece] + rate * elapsed
        distance = self._distances[piece] + (self._speeds[piece] + speed) / 2 * elapsed
        return distance, speed, rate

    def time_at_distance(self, distance: float, latest: float) -> float:
        """The time at which `distance` metres are done, or `latest` if it is not by then."""
        if self.at(np.array([latest]))[0][0] <= distance:
            return latest
        low, high = 0.0, latest
        while high - low > 1e-9:
            middle = (low + high) / 2
            if self.at(np.array([middle]))[0][0] > distance:
                high = middle
            else:
                low = middle
        return low


class Curve(Protocol):
    """A line on the ground by its own arc length."""

    length: float

    def at(self, distances: Array) -> tuple[Array, Array, Array]:
        """Position (N, 2) m, heading (N,) rad and curvature (N,) 1/m at distances (N,) m."""
        ...


class ArcCurve:
    """Straight pieces joined by circular arcs tangent to both; extended straight at its ends."""

    def __init__(self, starts: Array, headings: Array, curvatures: Array, lengths: Array) -> None:
        self._starts = starts
        self._headings = headings
        self._curvatures = curvatures
        self._offsets = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        self.length = float(np.sum(lengths))

    @classmethod
    def standing(cls, point: Array, heading: float) -> ArcCurve:
        """The curve of a user that stands at one point."""
        return cls(point[None, :], np.array([heading]), np.zeros(1), np.array([math.inf]))

    @classmethod
    def through(cls, points: Array, radius: float) -> ArcCurve:
        """Along waypoints (N, 2) with every corner rounded at `radius` metres.

        Raises ValueError if a leg is too short for the arcs at its ends.
        """
        legs = np.diff(points, axis=0)
        leg_lengths = np.hypot(legs[:, 0], legs[:, 1])
        leg_headings = np.arctan2(legs[:, 1], legs[:, 0])
        turns = (np.diff(leg_headings) + math.pi) % (2 * math.pi) - math.pi
        # A corner of (almost) no turn needs no arc; one of half a turn has none.
        if np.any(np.abs(turns) > math.radians(175)):
            raise ValueError("a corner of its path turns back on itself")
        cuts = np.concatenate([[0.0], radius * np.abs(np.tan(turns / 2)), [0.0]])
        straights = leg_lengths - cuts[:-1] - cuts[1:]
        if np.any(straights < -1e-9):
            raise ValueError(f"a corner of its path has no room for a radius of {radius:g} m")
        pieces: list[tuple[float, float, float, float, float]] = []
        for index, heading in enumerate(leg_headings):
            along = np.array([math.cos(heading), math.sin(heading)])
            start = points[index] + cuts[index] * along
            pieces.append((start[0], start[1], heading, 0.0, max(straights[index], 0.0)))
            if index < len(turns) and abs(turns[index]) > 1e-12:
                corner = points[index + 1] - cuts[index + 1] * along
                turn = turns[index]
                curvature = math.copysign(1 / radius, turn)
                pieces.append((corner[0], corner[1], heading, curvature, radius * abs(turn)))
        table = np.array(pieces)
        return cls(table[:, :2], table[:, 2], table[:, 3], table[:, 4])

    def at(self, distances: Array) -> tuple[Array, Array, Array]:
        """See Curve.at."""
        piece = np.clip(np.searchsorted(self._offsets, distances, side="right") - 1, 0, None)
        run = distances - self._offsets[piece]
        heading = self._headings[piece]
        curvature = self._curvatures[piece]
        half_turn = curvature * run / 2
        # The chord of an arc: its direction is half the turn on, its length run * sinc.
        chord = run * np.sinc(half_turn / math.pi)
        direction = np.stack([np.cos(heading + half_turn), np.sin(heading + half_turn)], axis=1)
        position = self._starts[piece] + chord[:, None] * direction
        return position, heading + curvature * run, curvature


class CubicCurve:
    """A natural cubic spline through waypoints, by arc length; straight beyond its ends."""

    _SAMPLES = 4000

    def __init__(self, points: Array) -> None:
        legs = np.diff(points, axis=0)
        knots = np.concatenate([[0.0], np.cumsum(np.hypot(legs[:, 0], legs[:, 1]))])
        self._spline = CubicSpline(knots, points, bc_type="natural")
        parameter = np.linspace(0.0, knots[-1], self._SAMPLES)
        rate = np.linalg.norm(self._spline(parameter, 1), axis=1)
        middle = np.linalg.norm(self._spline((parameter[1:] + parameter[:-1]) / 2, 1), axis=1)
        step = parameter[1] - parameter[0]
        lengths = step / 6 * (rate[:-1] + 4 * middle + rate[1:])  # Simpson's rule
        arc = np.concatenate([[0.0], np.cumsum(lengths)])
        self._parameter_at = CubicHermiteSpline(arc, parameter, 1 / rate)
        self.length = float(arc[-1])

    def at(self, distances: Array) -> tuple[Array, Array, Array]:
        """See Curve.at."""
        inside = np.clip(distances, 0.0, self.length)
        parameter = self._parameter_at(inside)
        first, second = self._spline(parameter, 1), self._spline(parameter, 2)
        heading = np.arctan2(first[:, 1], first[:, 0])
        cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        curvature = cross / np.linalg.norm(first, axis=1) ** 3
        beyond = (distances - inside)[:, None]
        direction = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        return self._spline(parameter) + beyond * direction, heading, curvature


class PathMotion:
    """A speed profile along a curve."""

    def __init__(self, curve: Curve, profile: SpeedProfile, enters: float, leaves: float) -> None:
        self._curve = curve
        self._profile = profile
        self.enters = enters
        self.leaves = leaves

    def state(self, times: ArrayLike) -> State:
        """See Motion.state."""
        distance, speed, rate = self._profile.at(np.atleast_1d(np.asarray(times, dtype=float)))
        position, heading, curvature = self._curve.at(distance)
        along = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        left = np.stack([-along[:, 1], along[:, 0]], axis=1)
        velocity = speed[:, None] * along
        acceleration = rate[:, None] * along + (speed**2 * curvature)[:, None] * left
        return State(position, velocity, heading, acceleration)


class TimedMotion:
    """Monotone cubic (PCHIP) interpolation of timed waypoints: a repeated point is a stop.

    Velocity is continuous.  At standstill the heading is the last one before it, or for a user
    that has not moved yet its first, or `heading_deg` where that is given.
    """

    def __init__(
        self, timed: Array, enters: float, leaves: float, heading_deg: float | None
    ) -> None:
        self._first, self._last = float(timed[0, 0]), float(timed[-1, 0])
        self._curve = PchipInterpolator(timed[:, 0], timed[:, 1:])
        self.enters = max(enters, self._first)
        self.leaves = min(leaves, self._last)
        if self.leaves <= self.enters:
            raise ValueError("its timed waypoints lie outside the time it is present")
        grid = np.linspace(self._first, self._last, 4001)
        velocity = self._curve(grid, 1)
        moving = np.hypot(velocity[:, 0], velocity[:, 1]) > _STANDSTILL
        self._moving_times = grid[moving]
        self._moving_headings = np.arctan2(velocity[moving, 1], velocity[moving, 0])
        self._standing_heading = math.radians(heading_deg or 0.0)
        self._heading_given = heading_deg is not None

    def state(self, times: ArrayLike) -> State:
        """See Motion.state."""
        times = np.clip(np.atleast_1d(np.asarray(times, dtype=float)), self._first, self._last)
        velocity = self._curve(times, 1)
        heading = np.arctan2(velocity[:, 1], velocity[:, 0])
        standing = np.hypot(velocity[:, 0], velocity[:, 1]) <= _STANDSTILL
        heading[standing] = self._held_heading(times[standing])
        return State(self._curve(times), velocity, heading, self._curve(times, 2))

    def _held_heading(self, times: Array) -> Array:
        if self._heading_given or len(self._moving_times) == 0:
            return np.full(len(times), self._standing_heading)
        before = np.searchsorted(self._moving_times, times, side="right") - 1
        return self._moving_headings[np.clip(before, 0, None)]
