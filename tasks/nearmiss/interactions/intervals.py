"""How far TTC, PET, DRAC and relative speed of a meeting may be off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.encounters import LEAST_TTC_SEC, Encounter, drawn_states
from tasks.nearmiss.measures import ttc_rectangles

Floats = NDArray[np.float64]
HELD_MOMENTS = 3  # a least TTC is the median of so many moments in a row, not one noisy moment
AROUND_SEC = 0.5  # either side of the least TTC, in which it is looked for again
INTERVAL = (5.0, 95.0)  # percentiles


def held_minimum(values: Floats, moments: int = HELD_MOMENTS) -> float:
    """Least median of `moments` values in a row, inf for fewer; values (..., m) -> (...)."""
    if values.shape[-1] < moments:
        return np.full(values.shape[:-1], np.inf)[()]
    windows = np.lib.stride_tricks.sliding_window_view(values, moments, axis=-1)
    return np.median(windows, axis=-1).min(axis=-1)


class Drawn(NamedTuple):
    """Measures of a meeting as they may be, (k,) each; units as the meeting's."""

    ttc: Floats
    pet: Floats
    drac: Floats
    relative_speed: Floats
    stretch: Floats
    """How many times longer ways are by the calibration: for what is not drawn itself."""


def drawn_measures(
    meeting: Encounter,
    point: tuple[float, float, float, float],
    worst: int,
    rng: np.random.Generator,
) -> Drawn:
    """Measures as box jitter, unsure sizes and the calibration let them be (Monte Carlo).

    Args:
        meeting: of two trajectories with their draws.
        point: TTC, PET, DRAC and relative speed as measured.
        worst: index of the moment of the relative speed, -1 where there is none.
        rng: for what is drawn here.
    """
    ttc, pet, drac, relative = point
    one, two = meeting.one, meeting.two
    count = min(len(one.draws.stretch), len(two.draws.stretch))
    stretch = np.sqrt(one.draws.stretch * two.draws.stretch)[:count]
    pets = np.maximum(pet + _pet_errors(meeting, count, rng), 0)
    speeds = np.full(count, relative) * stretch
    if worst >= 0:
        at = meeting.times[[worst]]
        velocities = [drawn_states(each, at)[:count, 0, 2:4] for each in (one, two)]
        speeds = np.hypot(*(velocities[1] - velocities[0]).T)
    if not np.isfinite(meeting.ttc).any():
        return Drawn(np.full(count, np.inf), pets, np.zeros(count), speeds, stretch)
    seconds, closing = _drawn_courses(meeting, count)
    ttcs = _about(held_minimum(seconds), ttc)
    ratio = closing / (2 * np.maximum(seconds, LEAST_TTC_SEC))
    dracs = np.nan_to_num(ratio, posinf=0.0).max(axis=1)
    return Drawn(ttcs, pets, _about(dracs, drac), speeds, stretch)


def _about(drawn: Floats, measured: float) -> Floats:
    """Drawn extremes (k,), moved in proportion so that their median is the measured one.

    A drawn path is rougher than the smoothed one by the noise that was drawn, so its extreme is
    more extreme by what the choice of the worst moment brings; the spread is what counts.
    """
    center = float(np.median(drawn))
    if not (np.isfinite(center) and np.isfinite(measured)):
        return drawn
    return drawn * measured / max(center, 1e-9)


def _drawn_courses(meeting: Encounter, count: int) -> tuple[Floats, Floats]:
    """TTC and relative speed, (k, m) each, of the m moments around the least TTC."""
    at = int(np.argmin(meeting.ttc))
    rows = np.flatnonzero(np.abs(meeting.times - meeting.times[at]) <= AROUND_SEC)
    arguments, velocities = [], []
    for each, own, shift in zip(
        (meeting.one, meeting.two), meeting.states, (0.0, meeting.shift), strict=True
    ):
        states = drawn_states(each, meeting.times[rows])[:count].reshape(-1, 6)
        length, width = np.repeat(each.draws.sizes[:count], len(rows), axis=0).T
        headings = np.tile(own.headings[rows], (count, 1))
        arguments += [states[:, :2] + shift, states[:, 2:4], headings, length, width]
        velocities.append(states[:, 2:4])
    seconds = ttc_rectangles(*arguments).reshape(count, -1)
    closing = np.hypot(*(velocities[1] - velocities[0]).T).reshape(count, -1)
    return np.where(seconds > 0, seconds, np.inf), closing


def _pet_errors(meeting: Encounter, count: int, rng: np.random.Generator) -> Floats:
    """(k,) errors of the PET: of either place and size, over its speed (delta method).

    A scale that is wrong for places and speeds alike leaves times right; what it moves is the
    part of a footprint that does not follow it.
    """
    if meeting.pet is None:
        return np.zeros(count)
    first, second = (meeting.one, meeting.two)
    errors = np.zeros(count)
    for each, other, speed, across in (
        (first, second, meeting.pet.speeds[0], meeting.pet.angle_deg),
        (second, first, meeting.pet.speeds[1], meeting.pet.angle_deg),
    ):
        place = float(np.median(each.draws.position_sd)) * rng.standard_normal(count)
        long = each.draws.sizes[:count, 0] / each.draws.stretch[:count] - each.length
        wide = other.draws.sizes[:count, 1] / other.draws.stretch[:count] - other.width
        wide = wide * np.sin(np.radians(across))
        errors += (place - (long + wide) / 2) / max(speed, 0.5 * each.metre)
    return errors
