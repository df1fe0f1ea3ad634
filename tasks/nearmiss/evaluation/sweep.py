"""Errors of TTC and PET against range, stride and jitter: the near-misses of known truth, observed
anew under each.

A scene in which a true near-miss is seen is observed at 25 frames a second without missed boxes,
covering or broken identities, so that only what is swept spoils it. Strides and jitters are
crossed with the scene's own camera; for the range the camera is moved along its line to the
place of the near-miss, at its own height, and looks at that place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.evaluation.catalogue import benchmark_scene
from tasks.nearmiss.evaluation.figures import LEAST_TTC_SEC
from tasks.nearmiss.evaluation.scenes import plane_of, score_scene
from tasks.nearmiss.evaluation.workers import over_scenes
from tasks.nearmiss.interactions.filters import FILTERS
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.scenes import truth
from tasks.nearmiss.scenes.language import Camera, Observation, Scene
from tasks.nearmiss.scenes.paths import motion_of

Floats = NDArray[np.float64]

FPS = 25.0
STRIDES = (1, 2, 3, 4)
JITTERS_PERCENT = (0.0, 0.5, 1.0, 2.0, 4.0)  # of the box's sides, on each edge
RANGES_M = (15.0, 20.0, 30.0, 45.0, 60.0)
RANGE_JITTER_PERCENT = 1.0
RANGE_JITTER_PX = 1.0  # besides, because a share of the box is the same in metres at any range
STEEPEST_DEG = 60.0  # a camera that looks down more steeply has no line to move back along
DRAWS = 2
MEASURES = ("ttc_relative", "pet_sec")


@dataclass(frozen=True)
class Condition:
    """How a scene is observed; `range_m` is None with the scene's own camera."""

    stride: int
    jitter_percent: float
    jitter_px: float = 0.0
    range_m: float | None = None
    draw: int = 0


def conditions(draws: int = DRAWS) -> list[Condition]:
    """Strides crossed with jitters, and ranges; a scene without jitter needs no second draw."""
    crossed = [
        Condition(stride, percent, draw=draw)
        for stride in STRIDES
        for percent in JITTERS_PERCENT
        for draw in range(draws if percent else 1)
    ]
    moved = [
        Condition(1, RANGE_JITTER_PERCENT, RANGE_JITTER_PX, range_m, draw)
        for range_m in RANGES_M
        for draw in range(draws)
    ]
    return crossed + moved


def sweep(scenes: Sequence[Scene], chosen: Sequence[Condition], workers: int = 1) -> pd.DataFrame:
    """Measure every true near-miss under every condition, calibrated.

    Args:
        scenes: those whose story has no near-miss are passed over.
        chosen: conditions.
        workers: processes.

    Returns:
        One row a scene, condition and pair that is a sure near-miss in what the camera sees:
        scene, the condition's fields, user_a, user_b, measured (a candidate was found), found (and
        no filter rejected it), true and measured TTC and PET in seconds, the TTC's interval.
    """
    told = [scene for scene in scenes if scene.near_misses]
    measure = partial(measure_scene, chosen=tuple(chosen))
    parts = over_scenes(measure, told, workers)
    return pd.DataFrame([row for part in parts for row in part])


def measure_scene(scene: Scene, chosen: Sequence[Condition]) -> list[dict[str, Any]]:
    """The rows of one scene; see `sweep`."""
    parameters, used = Parameters(), set(FILTERS)
    seen_from: dict[float | None, tuple[Scene, pd.DataFrame] | None] = {}
    rows = []
    for condition in chosen:
        if condition.range_m not in seen_from:
            seen_from[condition.range_m] = _from_range(scene, condition.range_m)
        if seen_from[condition.range_m] is None:
            continue
        moved, known = seen_from[condition.range_m]
        observed = benchmark_scene(_observed(moved, condition), known)
        pairs, _ = score_scene(observed, plane_of(observed, "ground"), parameters, used)
        rows += [
            {
                "scene": scene.name,
                **asdict(condition),
                "measured": row["candidates"] > 0,
                **{
                    name: row[name]
                    for name in (
                        "user_a", "user_b", "found", "true_ttc_sec", "ttc_sec", "ttc_low_sec",
                        "ttc_high_sec", "true_pet_sec", "pet_sec",
                    )
                },
            }
            for row in pairs
            if row["is_near_miss"] and not row["is_borderline"]
        ]  # fmt: skip
    return rows


def sweep_figures(table: pd.DataFrame, bootstraps: int = 400, seed: int = 0) -> list[dict]:
    """One row a condition, draws together: stride, jitter_percent, jitter_px, range_m, how many
    near-misses were to be found in how many scenes, and for TTC (relative), PET (s), the share
    found and the share of true TTC inside its interval the value, n and 95 % bounds.

    The bounds are a bootstrap over scenes, since one scene's draws resemble each other.
    """
    rng = np.random.default_rng(seed)
    keys = ["range_m", "stride", "jitter_percent", "jitter_px"]
    rows = []
    for values, part in table.groupby(keys, dropna=False, sort=True):
        row = {name: float(value) for name, value in zip(keys, values, strict=True)}
        row["range_m"] = None if math.isnan(row["range_m"]) else row["range_m"]
        row |= {"near_misses": len(part), "scenes": int(part["scene"].nunique())}
        columns = _outcomes(part)
        folded = {name: _by_scene(part["scene"], values) for name, values in columns.items()}
        for name in MEASURES:
            row[name] = {
                "n": int(np.isfinite(folded[name]).sum()),
                "median": _bounded(folded[name], 50.0, bootstraps, rng),
                "p95": _bounded(folded[name], 95.0, bootstraps, rng),
            }
        for name in ("found", "ttc_interval_holds"):
            row[name] = {
                "n": int(np.isfinite(folded[name]).sum()),
                **_bounded(folded[name], None, bootstraps, rng),
            }
        rows.append(row)
    return rows


def _outcomes(part: pd.DataFrame) -> dict[str, Floats]:
    """Errors and hits, (n,), nan where there is nothing to compare."""
    true = part["true_ttc_sec"].to_numpy(float)
    ttc = np.abs(part["ttc_sec"].to_numpy(float) - true) / np.maximum(true, LEAST_TTC_SEC)
    pet = np.abs(part["pet_sec"].to_numpy(float) - part["true_pet_sec"].to_numpy(float))
    high = part["ttc_high_sec"].fillna(np.inf).to_numpy(float)
    inside = (part["ttc_low_sec"].to_numpy(float) <= true) & (high >= true)
    return {
        "ttc_relative": ttc,
        "pet_sec": pet,
        "found": part["found"].to_numpy(float),
        "ttc_interval_holds": np.where(np.isfinite(ttc), inside, np.nan),
    }


def _by_scene(scenes: pd.Series, values: Floats) -> Floats:
    """Values as (scenes, most of one scene), padded with nan."""
    parts = [values[places] for places in scenes.groupby(scenes).indices.values()]
    folded = np.full((len(parts), max(map(len, parts))), np.nan)
    for row, part in zip(folded, parts, strict=True):
        row[: len(part)] = part
    return folded


def _bounded(
    folded: Floats, percentile: float | None, bootstraps: int, rng: np.random.Generator
) -> dict[str, float | None]:
    """A percentile, or the mean where it is None, with its bounds."""
    if not np.isfinite(folded).any():
        return {"value": None, "low": None, "high": None}

    def statistic(values: Floats) -> float:
        values = values[np.isfinite(values)]
        if not len(values):
            return np.nan
        return float(values.mean() if percentile is None else np.percentile(values, percentile))

    count = len(folded)
    drawn = [statistic(folded[rng.integers(count, size=count)]) for _ in range(bootstraps)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    value = statistic(folded)
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _from_range(scene: Scene, range_m: float | None) -> tuple[Scene, pd.DataFrame] | None:
    """The scene seen from a distance, and its truth from there; None where there is no way back."""
    plain = scene.model_copy(update={"observation": Observation(fps=FPS)})
    known = truth(plain)
    if range_m is None:
        return plain, known
    if scene.camera.tilt > STEEPEST_DEG or not known["is_near_miss"].any():
        return None
    moved = plain.model_copy(
        update={"camera": camera_at_range(plain, near_miss_place(plain, known), range_m)}
    )
    return moved, truth(moved)


def near_miss_place(scene: Scene, known: pd.DataFrame) -> Floats:
    """Middle (2,), m, of the first near-miss's users at its least TTC, else at its PET."""
    row = next(known[known["is_near_miss"]].itertuples(index=False))
    second = row.min_ttc_time_sec if np.isfinite(row.min_ttc_time_sec) else row.pet_time_sec
    users = [user for user in scene.users if user.id in (row.user_a, row.user_b)]
    places = [motion_of(user, scene.duration).state([second]).position[0] for user in users]
    return np.mean(places, axis=0)


def camera_at_range(scene: Scene, place: Floats, range_m: float) -> Camera:
    """The scene's camera with its foot point `range_m` from a place (2,), looking at it."""
    camera = scene.camera
    back = np.array(camera.position) - place
    position = place + range_m * back / np.hypot(*back)
    ahead = place - position
    return camera.model_copy(
        update={
            "position": (float(position[0]), float(position[1])),
            "tilt": math.degrees(math.atan2(camera.height, range_m)),
            "pan": math.degrees(math.atan2(ahead[0], ahead[1])),
        }
    )


def _observed(scene: Scene, condition: Condition) -> Scene:
    """The scene with the condition's observation and noise of its own."""
    observation = Observation(
        fps=FPS,
        stride=condition.stride,
        jitter_px=condition.jitter_px,
        jitter_share=condition.jitter_percent / 100,
    )
    seed = scene.seed + 100_000 * (1 + condition.draw)
    return scene.model_copy(update={"observation": observation, "seed": seed})
