"""How freely road users of a class move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Motion:
    """How freely road users of a class move; see `smooth`."""

    jerk: float
    speed: float
    acceleration: float


MOTION = {
    "person": Motion(2.0, 2.0, 1.0),
    "bicycle": Motion(4.5, 6.0, 1.5),
    "car": Motion(9.0, 12.0, 2.0),
    "motorcycle": Motion(9.0, 12.0, 2.0),
    "bus": Motion(6.0, 10.0, 1.5),
    "truck": Motion(6.0, 10.0, 1.5),
}
