"""Draws of the error of a road user's path and size.

They take many times the room of the path itself, and few road users ever need them. So only where
in the stream of random numbers they begin is noted, and they are made when a pair asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.footprints import Fit
from tasks.nearmiss.interactions.plane import Plane, distorted
from tasks.nearmiss.interactions.smoother import STATE

Floats = NDArray[np.float64]
DRAWS = 48
SIZES = 3  # length, width, height
STREET_SAMPLES = 20  # places a track tells of a street
PASSED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Draws:
    """k draws of a road user over n moments.

    Attributes:
        position_sd: (n,), standard error of a position, in units of the plane.
            The calibration's own error, which moves all road users together, is not in it.
        deviations: (k, n, 6) draws of the error of position, velocity, acceleration, by the
            jitter of boxes, the unsure size, and the calibration. The k-th draw has the same
            calibration for every road user of a plane.
        sizes: (k, 2) lengths and widths that belong to these draws.
        stretch: (k,) how many times longer ways are in the calibration of these draws.
    """

    position_sd: Floats
    deviations: Floats
    sizes: Floats
    stretch: Floats


@dataclass(frozen=True)
class Start:
    """A place in the stream of random numbers of a seed."""

    seed: int
    state: int

    def generator(self) -> np.random.Generator:
        """A generator that goes on from here."""
        rng = np.random.default_rng(self.seed)
        state = rng.bit_generator.state
        state["state"]["state"] = self.state
        rng.bit_generator.state = state
        return rng


class Stream:
    """The random numbers of all road users of a video, one after the other."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = np.random.default_rng(seed)

    def pass_over(self, normals: int) -> Start:
        """Where so many standard normal numbers begin, which are left to be drawn later."""
        start = Start(self._seed, self._rng.bit_generator.state["state"]["state"])
        for first in range(0, normals, PASSED_AT_ONCE):
            self._rng.standard_normal(min(PASSED_AT_ONCE, normals - first))
        return start


def normals_of_fit(moments: int) -> int:
    """How many standard normal numbers `draws_of_fit` takes."""
    return DRAWS * (SIZES + STATE * moments)


def draws_of_fit(fit: Fit, plane: Plane, rng: np.random.Generator) -> Draws:
    """Paths and sizes as the boxes let them be, then as each draw of the calibration shows them.

    The part of a size that the boxes tell grows with the ground that the calibration draws; the
    part that is the typical size does not.
    """
    distortions = plane.distortions(DRAWS)
    stretch = _stretch(fit, distortions) if len(distortions) else np.ones(DRAWS)
    log_sizes = rng.multivariate_normal(np.zeros(SIZES), fit.size_covariance, DRAWS)
    jitter = fit.path.draws(DRAWS, rng) + np.einsum("nij,kj->kni", fit.by_size, log_sizes)
    kept = np.log(stretch)[:, None] * (fit.size_seen - 1)
    states = fit.path.mean + jitter + np.einsum("nij,kj->kni", fit.by_size, kept)
    if len(distortions):
        states = distorted(states, distortions)
    unit = plane.unit
    return Draws(
        position_sd=unit * np.sqrt((jitter[:, :, :2] ** 2).mean(axis=(0, 2))),
        # Errors need no more digits.
        deviations=(unit * (states - fit.path.mean)).astype(np.float32),
        sizes=unit * ((fit.sizes * np.exp(log_sizes + kept))[:, :2] * stretch[:, None]),
        stretch=stretch,
    )


def _stretch(fit: Fit, distortions: Floats) -> Floats:
    """(k,), how many times longer a step ahead is on the ground of each draw, median of the way."""
    step = max(1, len(fit.headings) // STREET_SAMPLES)
    places, ahead = fit.path.mean[::step, :2], fit.headings[::step]
    moved = distorted(np.column_stack([places, ahead, np.zeros_like(places)]), distortions)
    return np.median(np.hypot(moved[..., 2], moved[..., 3]), axis=1)
