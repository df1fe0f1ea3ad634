"""Offline smoothing of a path: the fixed-interval smoother of Rauch, Tung and Striebel (1965).

The motion model is constant acceleration disturbed by white jerk. The smoother's estimate is the
least-squares path given all measurements (Bell 1994, "The iterated Kalman smoother as a
Gauss-Newton method"), so instead of a forward and a backward pass in Python its block-tridiagonal
normal equations are factored at once; the same factor gives exact draws from the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded, solve_banded

Floats = NDArray[np.float64]
STATE = 6  # x, y, vx, vy, ax, ay


@dataclass(frozen=True)
class Smoothed:
    """A smoothed path: mean (n, 6) of position, velocity, acceleration, and its factor."""

    mean: Floats
    factor: Floats

    def draws(self, count: int, rng: np.random.Generator) -> Floats:
        """Deviations from the mean, (count, n, 6), with the posterior's covariance."""
        unknowns = self.mean.size
        width = min(len(self.factor), unknowns) - 1
        upper = np.zeros((width + 1, unknowns))
        for row in range(width + 1):
            upper[width - row, row:] = self.factor[row, : unknowns - row]
        noise = rng.standard_normal((unknowns, count))
        return solve_banded((0, width), upper, noise).T.reshape(count, -1, STATE)

    def response(self, vector: Floats) -> Floats:
        """Change of the mean, (n, 6, m), where `vector` of `smooth` changes by (n, 2, m)."""
        count, _, ways = vector.shape
        right = np.zeros((count, STATE, ways))
        right[:, :2] = vector
        solved = cho_solve_banded((self.factor, True), right.reshape(-1, ways))
        return solved.reshape(count, STATE, ways)


def smooth(
    times: Floats,
    information: Floats,
    vector: Floats,
    jerk: float,
    speed_scale: float,
    acceleration_scale: float,
) -> Smoothed:
    """Smooth one path.

    Args:
        times: (n,), s, increasing.
        information: (n, 2, 2), inverse covariances of the position measurements; zeros where
            nothing was measured.
        vector: (n, 2), information times measured position.
        jerk: square root of the spectral density of the jerk, m / s^2.5.
        speed_scale: standard deviation of the speed expected beforehand, m/s.
        acceleration_scale: that of the acceleration, m/s^2.

    Returns:
        The smoothed path.
    """
    count = len(times)
    diagonal = np.zeros((count, STATE, STATE))
    diagonal[:, :2, :2] = information
    weak = np.repeat([1e-8, speed_scale**-2, acceleration_scale**-2 / max(count, 1)], 2)
    diagonal[0] += np.diag(weak)
    acceleration = np.arange(4, STATE)
    diagonal[:, acceleration, acceleration] += acceleration_scale**-2 / max(count, 1)
    lower = np.zeros((max(count - 1, 0), STATE, STATE))
    if count > 1:
        move, precision = _motion(np.diff(times), jerk)
        diagonal[:-1] += np.swapaxes(move, 1, 2) @ precision @ move
        diagonal[1:] += precision
        lower = -precision @ move
    right = np.zeros((count, STATE))
    right[:, :2] = vector
    factor = cholesky_banded(_banded(diagonal, lower), lower=True)
    mean = cho_solve_banded((factor, True), right.ravel()).reshape(count, STATE)
    return Smoothed(mean, factor)


def _motion(steps: Floats, jerk: float) -> tuple[Floats, Floats]:
    """Transition matrices and inverse process noises, (n, 6, 6) each."""
    one = np.ones_like(steps)
    zero = np.zeros_like(steps)
    move = np.array([[one, steps, steps**2 / 2], [zero, one, steps], [zero, zero, one]])
    # Inverse of the integrated white jerk's covariance, in closed form.
    precision = np.array(
        [
            [720 / steps**5, -360 / steps**4, 60 / steps**3],
            [-360 / steps**4, 192 / steps**3, -36 / steps**2],
            [60 / steps**3, -36 / steps**2, 9 / steps],
        ]
    )
    axes = np.eye(2)
    return (
        np.kron(np.moveaxis(move, -1, 0), axes),
        np.kron(np.moveaxis(precision, -1, 0), axes) / jerk**2,
    )


def _banded(diagonal: Floats, lower: Floats) -> Floats:
    """Lower banded storage (12, 6 n) of a block-tridiagonal matrix."""
    count = len(diagonal)
    bands = np.zeros((2 * STATE, STATE * count))
    for column in range(STATE):
        at = np.arange(count) * STATE + column
        for row in range(column, STATE):
            bands[row - column, at] = diagonal[:, row, column]
        for row in range(STATE):
            bands[STATE + row - column, at[:-1]] = lower[:, row, column]
    return bands
