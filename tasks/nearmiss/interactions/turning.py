"""Whether two road users would collide if both kept turning as they do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.encounters import States
from tasks.nearmiss.measures import rectangle_distance

Floats = NDArray[np.float64]


def turning_collision(one: States, two: States, within: float) -> NDArray[np.bool_]:
    """Whether footprints would touch within `within` seconds if both kept speed and turn rate.

    The constant turn rate and velocity model (Schubert, Richter and Wanielik 2008): road users
    that meet in a bend, each in its lane, point at each other but do not turn into each other.

    Returns:
        (m,) for the m moments of the states.
    """
    ahead = np.arange(0.0, within + 1e-9, 0.1)
    shapes = [_arcs(each, ahead) for each in (one, two)]
    if not len(one.positions):
        return np.zeros(0, dtype=bool)
    distance = rectangle_distance(
        *shapes[0], one.length, one.width, *shapes[1], two.length, two.width
    )
    return (distance.reshape(len(one.positions), -1) <= 0).any(axis=1)


def _arcs(states: States, ahead: Floats) -> tuple[Floats, Floats]:
    """Positions and headings (m * len(ahead), 2) along each state's arc."""
    turn = states.turn_rates[:, None] * ahead
    chord = states.speeds[:, None] * ahead * np.sinc(turn / 2 / np.pi)
    direction = np.arctan2(states.velocities[:, 1], states.velocities[:, 0])[:, None] + turn / 2
    positions = states.positions[:, None] + np.stack(
        [chord * np.cos(direction), chord * np.sin(direction)], axis=-1
    )
    heading = np.arctan2(states.headings[:, 1], states.headings[:, 0])[:, None] + turn
    headings = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    return positions.reshape(-1, 2), headings.reshape(-1, 2)
