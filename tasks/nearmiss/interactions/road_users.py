"""What road users of a class are like: their sizes, and how freely they move."""

from __future__ import annotations

from dataclasses import dataclass

# Length, width, height in metres: means of annotated road users in nuScenes (Caesar et al. 2020)
# and KITTI (Geiger et al. 2012), rounded; a bicycle's and a motorcycle's without rider.
TYPICAL_SIZES = {
    "person": (0.6, 0.6, 1.75),
    "bicycle": (1.75, 0.6, 1.1),
    "car": (4.4, 1.8, 1.55),
    "motorcycle": (2.1, 0.8, 1.25),
    "bus": (11.5, 2.6, 3.2),
    "truck": (8.0, 2.5, 3.2),
}
# Spread of the logarithm of length, width and height between road users of one class.
SIZE_SPREAD = {
    "person": (0.15, 0.15, 0.07),
    "bicycle": (0.08, 0.12, 0.12),
    "car": (0.09, 0.05, 0.08),
    "motorcycle": (0.08, 0.12, 0.12),
    "bus": (0.12, 0.03, 0.06),
    "truck": (0.25, 0.05, 0.12),
}


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
