"""Pairs of road users for the tests of measures, as keyword arguments."""

import numpy as np

CAR = (4.0, 2.0)
EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)
DIAGONAL = (np.sqrt(0.5), np.sqrt(0.5))
INF = np.inf


def unit(angle):
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def turned(vectors, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(vectors, dtype=float) @ np.array([[c, s], [-s, c]])


def random_pairs(n, seed):
    """Road users within 25 m that mostly head for one another, as keyword arguments."""
    rng = np.random.default_rng(seed)
    center1 = rng.uniform(-5, 5, (n, 2))
    center2 = center1 + unit(rng.uniform(0, 2 * np.pi, n)) * rng.uniform(1, 25, (n, 1))
    velocity1 = rng.normal(0, 5, (n, 2))
    approach = (center1 - center2) / rng.uniform(1, 4, (n, 1)) + rng.normal(0, 1.5, (n, 2))
    return {
        "center1": center1,
        "velocity1": velocity1,
        "heading1": unit(rng.uniform(0, 2 * np.pi, n)),
        "length1": rng.uniform(0.5, 8, n),
        "width1": rng.uniform(0.4, 2.5, n),
        "center2": center2,
        "velocity2": velocity1 + approach,
        "heading2": unit(rng.uniform(0, 2 * np.pi, n)),
        "length2": rng.uniform(0.5, 8, n),
        "width2": rng.uniform(0.4, 2.5, n),
    }


def points_of(pairs):
    return pairs["center1"], pairs["velocity1"], pairs["center2"], pairs["velocity2"]


def without_velocity(pairs):
    return {name: value for name, value in pairs.items() if "velocity" not in name}


def swapped(pairs):
    other = str.maketrans("12", "21")
    return {name.translate(other): value for name, value in pairs.items()}
