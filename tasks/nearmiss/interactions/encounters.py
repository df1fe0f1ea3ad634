"""Two road users at the same time: time to collision, DRAC, braking and gap, moment by moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.conflict_area import area_passing
from tasks.nearmiss.interactions.kept import Kept
from tasks.nearmiss.interactions.trajectories import Trajectory
from tasks.nearmiss.measures import Encroachment, rectangle_distance, ttc_rectangles
from tasks.nearmiss.measures import pet as post_encroachment

Floats = NDArray[np.float64]
STEP_SEC = 0.02  # grid of moments on which pairs are looked at
HORIZON_SEC = 5.0  # a later collision is none
PET_STEP_SEC = 0.08
FOLLOWING_DEG = 15.0  # below it there is no crossing, and no area but a lane
AREA_SEC = 3.0  # around a passing, in which its area is found
AREA_STEP_SEC = 0.02
SEPARATION_STEPS = 4
CLEARANCE_M = 0.3  # what is left between those whose footprints would overlap
LEAST_TTC_SEC = 0.05  # for DRAC: boxes that touch would give an infinite one
TINY = 1e-9  # units/s, below any speed
ROUNDING = 1e-9  # share that bounds are widened by, far above the rounding of what they bound
KEPT_MOMENTS = 100_000  # of states kept for a road user's next pair, 64 bytes each


@dataclass(frozen=True)
class States:
    """A road user at m moments: position, velocity, acceleration, heading, (m, 2) each."""

    positions: Floats
    velocities: Floats
    accelerations: Floats
    headings: Floats
    length: float
    width: float
    metre: float = 1.0

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> States:
        """The chosen moments."""
        return States(
            self.positions[rows],
            self.velocities[rows],
            self.accelerations[rows],
            self.headings[rows],
            self.length,
            self.width,
            self.metre,
        )

    @property
    def reach(self) -> float:
        """Radius of the circle round the footprint."""
        return float(np.hypot(self.length, self.width)) / 2

    @property
    def speeds(self) -> Floats:
        """(m,), units/s."""
        return np.hypot(self.velocities[:, 0], self.velocities[:, 1])

    @property
    def braking(self) -> Floats:
        """Deceleration along the way, (m,), not negative."""
        along = (self.accelerations * self.velocities).sum(axis=1)
        return np.clip(-along / np.maximum(self.speeds, 0.3 * self.metre), 0.0, None)

    @property
    def turn_rates(self) -> Floats:
        """(m,), rad/s, anticlockwise positive."""
        v, a = self.velocities, self.accelerations
        cross = v[:, 0] * a[:, 1] - v[:, 1] * a[:, 0]
        return cross / np.maximum(self.speeds, self.metre) ** 2


@dataclass(frozen=True)
class Pet:
    """A passing of one place by both; see `measures.pet`."""

    seconds: float
    first: int
    leave_time: float
    enter_time: float
    angle_deg: float
    speeds: tuple[float, float]
    censored: bool


@dataclass(frozen=True)
class Encounter:
    """A pair of trajectories and its measures at the m moments that both were there.

    Attributes:
        one, two: the trajectories.
        times: (m,), s, STEP_SEC apart.
        states: of either.
        ttc: (m,), s, of the footprints at constant velocities; inf where there is no collision
            within HORIZON_SEC and where the footprints overlap.
        gap: (m,), between the footprints, units.
        drac: (m,), units/s^2.
        braking: (m,), of the one that brakes harder, units/s^2.
        angle_deg: (m,), between the headings.
        pet: the nearest passing of one place, or None.
        metre: units in a metre: 1 on the ground.
        shift: (2,), by which the second was moved; see `separation`.
    """

    one: Trajectory
    two: Trajectory
    times: Floats
    states: tuple[States, States]
    ttc: Floats
    gap: Floats
    drac: Floats
    braking: Floats
    angle_deg: Floats
    pet: Pet | None
    metre: float
    shift: Floats


def interpolated(trajectory: Trajectory, times: Floats) -> tuple[Floats, NDArray[np.intp], Floats]:
    """State (m, 6) at `times` within the trajectory's span, the index before, and the share."""
    state = np.column_stack([trajectory.positions, trajectory.velocities, trajectory.accelerations])
    return _between(trajectory.times, state[None], times)[0], *_places(trajectory.times, times)


def _places(known: Floats, times: Floats) -> tuple[NDArray[np.intp], Floats]:
    left = np.clip(np.searchsorted(known, times, side="right") - 1, 0, max(len(known) - 2, 0))
    if len(known) < 2:
        return left, np.zeros(len(times))
    return left, np.clip((times - known[left]) / (known[left + 1] - known[left]), 0.0, 1.0)


def _between(known: Floats, states: Floats, times: Floats) -> Floats:
    """States (k, m, 6) between (k, n, 6): each side carried on at its acceleration, blended."""
    left, share = _places(known, times)
    if len(known) < 2:
        return states[:, left]
    from_left = _carried(states[:, left], times - known[left])
    from_right = _carried(states[:, left + 1], times - known[left + 1])
    return from_left + share[None, :, None] * (from_right - from_left)


def _carried(states: Floats, elapsed: Floats) -> Floats:
    p, v, a = states[..., :2], states[..., 2:4], states[..., 4:]
    t = elapsed[None, :, None]
    return np.concatenate([p + v * t + a * t**2 / 2, v + a * t, a], axis=-1)


def states_at(trajectory: Trajectory, times: Floats) -> States:
    """The road user at `times` (m,), within its span."""
    state, left, share = interpolated(trajectory, times)
    right = np.minimum(left + 1, len(trajectory.times) - 1)
    headings = (1 - share)[:, None] * trajectory.headings[left] + share[
        :, None
    ] * trajectory.headings[right]
    norm = np.hypot(*headings.T)
    headings = np.where(
        norm[:, None] > 0.1, headings / np.maximum(norm, 0.1)[:, None], trajectory.headings[left]
    )
    return States(
        state[:, :2],
        state[:, 2:4],
        state[:, 4:],
        headings,
        trajectory.length,
        trajectory.width,
        trajectory.metre,
    )


def _kept_states(times_of: Callable[[Trajectory], Floats]) -> Kept[States]:
    """The road user at moments of its own, kept for its next pair."""
    return Kept(
        lambda trajectory: states_at(trajectory, times_of(trajectory)),
        lambda states: len(states.positions),
        KEPT_MOMENTS,
    )


def _grid(start: float, end: float) -> Floats:
    """Moments STEP_SEC apart, the same for all road users."""
    return np.arange(np.ceil(start / STEP_SEC), np.floor(end / STEP_SEC) + 1) * STEP_SEC


def _grid_times(trajectory: Trajectory) -> Floats:
    """Every moment of the grid in its span."""
    return _grid(trajectory.times[0], trajectory.times[-1])


def _pet_times(trajectory: Trajectory) -> Floats:
    start, end = trajectory.times[[0, -1]]
    return np.linspace(start, end, max(2, round((end - start) / PET_STEP_SEC) + 1))


_grid_states = _kept_states(_grid_times)
_pet_states = _kept_states(_pet_times)


def _states_together(trajectory: Trajectory, times: Floats) -> States:
    """The road user at `times`, which are on the grid or, where none is in the span, one moment."""
    first = round(times[0] / STEP_SEC) if len(times) else 0
    if not len(times) or first * STEP_SEC != times[0]:
        return states_at(trajectory, times)
    first -= int(np.ceil(trajectory.times[0] / STEP_SEC))
    known = _grid_states(trajectory)
    # A moment on the grid may by rounding lie just before the first one of the road user's own.
    if first < 0 or first + len(times) > len(known.positions):
        return states_at(trajectory, times)
    return known.take(slice(first, first + len(times)))


def drawn_states(trajectory: Trajectory, times: Floats) -> Floats:
    """(k, m, 6): states as they may be, given the error of boxes."""
    state, _, _ = interpolated(trajectory, times)
    return state + _between(trajectory.times, trajectory.draws.deviations, times)


def encounter(one: Trajectory, two: Trajectory, pet_within: float) -> Encounter | None:
    """The measures of a pair, None if it has no moment in common and no shared ground.

    Args:
        one, two: trajectories in one plane.
        pet_within: longest post-encroachment time of interest, s.
    """
    start, end = max(one.times[0], two.times[0]), min(one.times[-1], two.times[-1])
    if start - end > pet_within:
        return None
    times = _grid(start, end)
    if not len(times) and start <= end:
        times = np.array([start])
    first, second = (_states_together(each, times) for each in (one, two))
    shift = separation(first, second)
    second = replace(second, positions=second.positions + shift)
    ttc, gap = collision_course(first, second)
    relative = np.hypot(*(second.velocities - first.velocities).T)
    drac = np.where(np.isfinite(ttc), relative / (2 * np.maximum(ttc, LEAST_TTC_SEC)), 0.0)
    cosine = (first.headings * second.headings).sum(axis=1)
    return Encounter(
        one=one,
        two=two,
        times=times,
        states=(first, second),
        ttc=ttc,
        gap=gap,
        drac=drac,
        braking=np.maximum(first.braking, second.braking),
        angle_deg=np.degrees(np.arccos(np.clip(cosine, -1, 1))),
        pet=passing(one, two, pet_within, shift),
        metre=float(np.sqrt(one.metre * two.metre)),
        shift=shift,
    )


def collision_course(one: States, two: States) -> tuple[Floats, Floats]:
    """TTC (m,), inf beyond HORIZON_SEC, and gap (m,) of the footprints."""
    if not len(one.positions):
        return np.empty(0), np.empty(0)
    gap = rectangle_distance(*_footprints(one), *_footprints(two))
    ttc = np.full(len(gap), np.inf)
    near = _may_collide(one, two, gap)
    if near.any():
        some = [each.take(near) for each in (one, two)]
        ttc[near] = ttc_rectangles(
            *(
                argument
                for each in some
                for argument in (each.positions, each.velocities, *_footprints(each)[1:])
            )
        )
    # Footprints that overlap are an error of the footprints, not a collision.
    return np.where((ttc <= HORIZON_SEC) & (gap > 0), ttc, np.inf), gap


def _footprints(states: States) -> tuple[Floats, Floats, float, float]:
    return states.positions, states.headings, states.length, states.width


def _may_collide(one: States, two: States, gap: Floats) -> NDArray[np.bool_]:
    """Moments (m,) from which the circles round the footprints touch within HORIZON_SEC.

    The footprints lie inside, so at all other moments they do not.
    """
    between, relative = two.positions - one.positions, two.velocities - one.velocities
    speed = np.maximum(np.hypot(*relative.T), TINY)
    ahead = np.clip(-(between * relative).sum(axis=1) / speed**2, 0.0, HORIZON_SEC)
    miss = np.hypot(*(between + relative * ahead[:, None]).T)
    apart = (miss > (one.reach + two.reach) * (1 + ROUNDING)) | (
        gap > speed * HORIZON_SEC * (1 + ROUNDING)
    )
    return (gap > 0) & ~apart


def separation(one: States, two: States) -> Floats:
    """The least shift (2,) of the second path that keeps the two from ever overlapping.

    Two bodies are never in one place, so where footprints overlap their places or sizes are
    wrong, and the least correction that removes the overlap is the likeliest. Without it cars
    that pass a bus at arm's length would be seen to drive through its side.
    """
    shift = np.zeros(2)
    for _ in range(SEPARATION_STEPS):
        moved = replace(two, positions=two.positions + shift)
        away = np.hypot(*(moved.positions - one.positions).T)
        near = away <= (one.reach + two.reach) * (1 + ROUNDING)
        if not near.any():
            break
        depth, axis = _overlap(one.take(near), moved.take(near))
        if depth.max() <= 0:
            break
        worst = int(np.argmax(depth))
        shift = shift + axis[worst] * (depth[worst] + CLEARANCE_M * one.metre)
    return shift


def _overlap(one: States, two: States) -> tuple[Floats, Floats]:
    """How deep footprints overlap (m,), 0 or less where they do not, and the way out (m, 2)."""
    turned = [np.stack([-h[:, 1], h[:, 0]], axis=1) for h in (one.headings, two.headings)]
    axes = np.stack([one.headings, turned[0], two.headings, turned[1]])
    offset = (axes * (two.positions - one.positions)).sum(axis=-1)
    reach = sum(
        np.abs((axes * each.headings).sum(axis=-1)) * each.length / 2
        + np.abs((axes * side).sum(axis=-1)) * each.width / 2
        for each, side in zip((one, two), turned, strict=True)
    )
    depth = reach - np.abs(offset)
    least = np.argmin(depth, axis=0)
    rows = np.arange(len(one.positions))
    sign = np.where(offset[least, rows] < 0, -1.0, 1.0)
    return depth[least, rows], axes[least, rows] * sign[:, None]


def passing(
    one: Trajectory, two: Trajectory, within: float, shift: Floats | float = 0.0
) -> Pet | None:
    """The post-encroachment time of a pair, None where undefined or longer than `within`."""
    reach = (np.hypot(one.length, one.width) + np.hypot(two.length, two.width)) / 2
    low = np.maximum(one.positions.min(axis=0), two.positions.min(axis=0)) - reach
    high = np.minimum(one.positions.max(axis=0), two.positions.max(axis=0)) + reach
    if (low > high).any() or min(len(one.times), len(two.times)) < 2:
        return None
    times = [_pet_times(each) for each in (one, two)]
    states = [_pet_states(each) for each in (one, two)]
    found = post_encroachment(
        times[0],
        states[0].positions,
        states[0].headings,
        one.length,
        one.width,
        times[1],
        states[1].positions + shift,
        states[1].headings,
        two.length,
        two.width,
        within,
    )
    if not found.pet <= within:
        return None
    at = (found.leave_time, found.enter_time)
    if found.first == 2:
        at = at[::-1]
    there = [
        states_at(each, np.array([moment])) for each, moment in zip((one, two), at, strict=True)
    ]
    cosine = float((there[0].headings * there[1].headings).sum())
    angle = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    leave, enter = found.leave_time, found.enter_time
    if angle >= FOLLOWING_DEG:
        over_area = _over_area(one, two, found, shift)
        if over_area is None:
            return None
        leave, enter = over_area
    return Pet(
        seconds=enter - leave,
        first=found.first,
        leave_time=leave,
        enter_time=enter,
        angle_deg=angle,
        speeds=(float(there[0].speeds[0]), float(there[1].speeds[0])),
        censored=found.censored,
    )


def _over_area(
    one: Trajectory, two: Trajectory, found: Encroachment, shift: Floats | float
) -> tuple[float, float] | None:
    """Leave and enter time of the whole conflict area round a passing."""
    times, states = [], []
    for each in (one, two):
        start = max(each.times[0], found.leave_time - AREA_SEC)
        end = min(each.times[-1], found.enter_time + AREA_SEC)
        times.append(np.arange(start, end + 1e-9, AREA_STEP_SEC))
        states.append(states_at(each, times[-1]))
    return area_passing(
        (times[0], times[1]),
        (states[0].positions, states[1].positions + shift),
        (states[0].headings, states[1].headings),
        ((one.length, one.width), (two.length, two.width)),
        found.point,
        found.first,
        float(np.sqrt(one.metre * two.metre)),
    )
