"""How far TTC, PET and DRAC of a meeting may be off, given the jitter of boxes."""

from __future__ import annotations

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


def drawn_measures(
    meeting: Encounter,
    ttc: float,
    pet: float,
    drac: float,
    calibration_error: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """TTC, PET and DRAC, (k,) each, as box jitter and calibration let them be (Monte Carlo)."""
    one, two = meeting.one, meeting.two
    count = min(len(one.deviations), len(two.deviations))
    scale = 1 + calibration_error * rng.standard_normal(count)
    pets = pet + _pet_error(meeting) * rng.standard_normal(count)
    if not np.isfinite(meeting.ttc).any():
        return np.full(count, np.inf), np.maximum(pets, 0), np.zeros(count)
    at = int(np.argmin(meeting.ttc))
    around = np.abs(meeting.times - meeting.times[at]) <= AROUND_SEC
    times = meeting.times[around]
    states = [drawn_states(each, times)[:count] for each in (one, two)]
    lengths = [
        np.repeat(
            each.length * np.exp(each.length_sd / each.length * rng.standard_normal(count)),
            len(times),
        )
        for each in (one, two)
    ]
    rows = np.flatnonzero(around)
    arguments = []
    for state, length, own in zip(states, lengths, meeting.states, strict=True):
        flat = state.reshape(-1, 6).copy()
        if own is meeting.states[1]:
            flat[:, :2] += meeting.shift
        headings = np.tile(own.headings[rows], (count, 1))
        arguments.append((flat[:, :2], flat[:, 2:4], headings, length, own.width))
    seconds = ttc_rectangles(
        arguments[0][0],
        arguments[0][1],
        *arguments[0][2:],
        arguments[1][0],
        arguments[1][1],
        *arguments[1][2:],
    ).reshape(count, -1)
    seconds = np.where(seconds > 0, seconds, np.inf)
    # A wrong scale moves the gap and the speeds alike; what it leaves wrong is the footprint.
    ttcs = held_minimum(seconds) * np.clip(scale, 0.5, 1.5)
    closing = np.hypot(*np.moveaxis(states[1][..., 2:4] - states[0][..., 2:4], -1, 0))
    ratio = closing / (2 * np.maximum(seconds, LEAST_TTC_SEC))
    dracs = np.nan_to_num(ratio, posinf=0.0).max(axis=1)
    center = max(float(np.median(dracs)), 1e-9)
    return ttcs, np.maximum(pets, 0), drac * dracs / center


def _pet_error(meeting: Encounter) -> float:
    """Standard error of the PET: either place's error over its speed (delta method)."""
    if meeting.pet is None:
        return 0.0
    parts = [
        float(np.median(each.position_sd)) / max(speed, 0.5)
        for each, speed in zip((meeting.one, meeting.two), meeting.pet.speeds, strict=True)
    ]
    return float(np.hypot(*parts))
