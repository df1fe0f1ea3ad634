"""How long the interactions of a busy crossing take, stage by stage, for 50, 100 and 300 tracks.

    python -m tasks.nearmiss.evaluation.interaction_speed

Road users are made, not seen: they drive through a crossing of two roads with two
lanes a direction, so that most pairs follow, cross or meet one another. The shares of a row come
from one profiled run, "pet" with the conflict area; the seconds are the processor's, of a run of
their own without the profiler.
"""

from __future__ import annotations

import cProfile
import pstats
import time

import numpy as np
import pandas as pd

from tasks.nearmiss.interactions import encounters, table
from tasks.nearmiss.interactions.meetings import find_interactions, measured_input

COUNTS = (50, 100, 300)
USERS_A_SECOND = 2.0
FPS = 12.5
ROAD_M = 60.0  # from the crossing to where tracks begin and end
LANES_M = (1.75, 5.25)
CLASSES = {"car": 0.7, "truck": 0.08, "bus": 0.04, "motorcycle": 0.08, "bicycle": 0.1}
SPEED_MPS = (6.0, 14.0)
STOP_SHARE = 0.25  # of road users that brake before the crossing and go on after a while
JITTER_M = 0.05
STAGES = {
    "trajectories": measured_input,
    "screening": table._far_apart,
    "TTC and gap": encounters.collision_course,
    "separation": encounters.separation,
    "pet": encounters.passing,
    "scoring": table._candidate,
}


def busy_crossing(count: int, seed: int = 0) -> pd.DataFrame:
    """Tracks in metres of `count` road users on a crossing, as `points.from_points` takes them."""
    rng = np.random.default_rng(seed)
    arrivals = np.sort(rng.uniform(0, count / USERS_A_SECOND, count))
    parts = []
    for number, arrival in enumerate(arrivals, start=1):
        along = _distances(rng)
        frames = np.arange(len(along)) + int(np.ceil(arrival * FPS))
        angle = rng.integers(4) * np.pi / 2
        ahead = np.array([np.cos(angle), np.sin(angle)])
        aside = np.array([ahead[1], -ahead[0]])  # traffic keeps to the right
        places = (along - ROAD_M)[:, None] * ahead + rng.choice(LANES_M) * aside
        places += JITTER_M * rng.standard_normal(places.shape)
        parts.append(
            pd.DataFrame(
                {
                    "frame_index": frames,
                    "timestamp_sec": frames / FPS,
                    "track_id": number,
                    "class": rng.choice(list(CLASSES), p=list(CLASSES.values())),
                    "x": places[:, 0],
                    "y": places[:, 1],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _distances(rng: np.random.Generator) -> np.ndarray:
    """Distance travelled (n,), m, a frame apart, until the road's end."""
    cruise = rng.uniform(*SPEED_MPS)
    times = np.arange(0, 60, 1 / FPS)
    speeds = np.full(len(times), cruise)
    if rng.random() < STOP_SHARE:
        stop = (ROAD_M - 15) / cruise
        braking = np.clip(cruise - 3.0 * (times - stop), 0, None)
        going = np.clip(2.0 * (times - stop - rng.uniform(4, 8)), 0, cruise)
        speeds = np.where(times < stop, cruise, np.maximum(braking, going))
    along = np.concatenate([[0.0], np.cumsum(speeds[:-1]) / FPS])
    return along[along <= 2 * ROAD_M]


def measure(tracks: pd.DataFrame) -> dict[str, float]:
    """Processor seconds, number of candidates, and the share of each of STAGES in the seconds."""
    began = time.process_time()
    rows = _run(tracks)
    seconds = time.process_time() - began
    profile = cProfile.Profile()
    profile.runcall(_run, tracks)
    spent = pstats.Stats(profile).stats
    whole = sum(own for _, _, own, _, _ in spent.values())
    shares = {}
    for name, function in STAGES.items():
        code = function.__code__
        key = (code.co_filename, code.co_firstlineno, code.co_name)
        shares[name] = spent[key][3] / whole if key in spent else 0.0
    return {"seconds": seconds, "candidates": rows, **shares}


def _run(tracks: pd.DataFrame) -> int:
    found, _ = measured_input(tracks, "m")
    kept, rejected = find_interactions(
        found, preset="default", thresholds={}, disabled_filters=(), pedestrian_pairs=False
    )
    return len(kept) + len(rejected)


def main() -> None:
    print(f"{'tracks':>6} {'seconds':>8} {'found':>6}", *(f"{name:>12}" for name in STAGES))
    for count in COUNTS:
        row = measure(busy_crossing(count))
        shares = (f"{row[name]:>12.0%}" for name in STAGES)
        print(f"{count:>6} {row['seconds']:>8.2f} {row['candidates']:>6.0f}", *shares)


if __name__ == "__main__":
    main()
