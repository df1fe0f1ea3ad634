"""How often near-misses are right: found interactions against scenes of known truth.

Run from a notebook or a flow:

    table, summary = run_benchmark(scenes, modes=("ground", "auto", "picture"))

A scene is given with the truth about its pairs; how the truth was made is not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from tasks.nearmiss.evaluation.figures import (
    detection_figures,
    error_figures,
    filter_figures,
)
from tasks.nearmiss.evaluation.workers import over_scenes
from tasks.nearmiss.interactions.filters import FILTERS, Surroundings, verdicts
from tasks.nearmiss.interactions.meetings import straightened_picture
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.plane import Plane
from tasks.nearmiss.interactions.table import Candidate, find_candidates
from tasks.nearmiss.interactions.trajectories import Trajectory, from_boxes


class HasName(Protocol):
    """Anything with a name."""

    name: str


Named = TypeVar("Named", bound=HasName)

MODES = ("ground", "auto", "picture")
RANGES_M = (0, 12, 16, 20, 30, 60, 200)
AROUND_SEC = 0.5  # around the worst moment, for who a track was then


@dataclass(frozen=True)
class BenchmarkScene:
    """A scene of known truth.

    Attributes:
        name, kind, degradation: of the scene; results are grouped by the last two.
        tracks: frame_index, timestamp_sec, track_id, class, confidence, x1, y1, x2, y2 (px) and
            user_id, the true road user of each box.
        truth: a row a pair with user_a, user_b, is_near_miss, is_borderline, near_miss_by,
            min_ttc_sec, pet_sec.
        homography: 3 x 3, image to ground in metres.
        picture: width and height, px.
        facts: what else results may be grouped by, such as fps, stride and jitter.
    """

    name: str
    kind: str
    degradation: str
    tracks: pd.DataFrame
    truth: pd.DataFrame
    homography: np.ndarray
    picture: tuple[int, int]
    facts: dict[str, float] = field(default_factory=dict)


def half_of(name: str) -> str:
    """`tune` or `held-out`, by a hash of the scene's name."""
    return "tune" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held-out"


def fast_subset(scenes: Sequence[Named], count: int = 16) -> list[Named]:
    """The `count` scenes whose names have the smallest hashes: a fixed sample, by chance."""
    return sorted(scenes, key=lambda each: hashlib.sha256(each.name.encode()).hexdigest())[:count]


def plane_of(scene: BenchmarkScene, mode: str) -> Plane:
    """The plane on which a scene is scored: `ground` by its calibration, `auto` by the sizes of
    its road users, `picture` in pixels."""
    if mode == "ground":
        return Plane.of_ground(scene.homography, scene.picture)
    if mode == "auto":
        return straightened_picture(scene.tracks, scene.picture)
    if mode == "picture":
        return Plane.of_picture(scene.picture)
    raise ValueError(f"Unknown mode {mode!r}; there are {', '.join(MODES)}.")


def _scored(
    scene: BenchmarkScene, modes: Sequence[str], parameters: Parameters, used: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of a scene's pairs and of its candidates on every plane."""
    pairs, found = [], []
    for mode in modes:
        rows, marked = score_scene(scene, plane_of(scene, mode), parameters, used)
        labels = {
            "mode": mode,
            "scene": scene.name,
            "kind": scene.kind,
            "degradation": scene.degradation,
            "half": half_of(scene.name),
        }
        found += [{**labels, **row} for row in marked]
        pairs += [{**labels, **row, **scene.facts} for row in rows]
    return pairs, found


def score_scene(
    scene: BenchmarkScene,
    plane: Plane,
    parameters: Parameters,
    used: set[str],
    trajectories: Sequence[Trajectory] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the pairs that are a near-miss, borderline or a candidate, and of the candidates.

    Args:
        scene: with truth.
        plane: it is scored on.
        parameters: thresholds.
        used: names of the filters that may reject a candidate.
        trajectories: of the scene on that plane; made where None.
    """
    if trajectories is None:
        trajectories = from_boxes(scene.tracks, plane)
    rows = candidate_rows(scene, plane, parameters, trajectories)
    marked = _marked(rows, scene.truth, used)
    return _pair_rows(marked, scene.truth), marked


def candidate_rows(
    scene: BenchmarkScene,
    plane: Plane,
    parameters: Parameters,
    trajectories: Sequence[Trajectory],
) -> list[dict[str, Any]]:
    """One row for each candidate: its true pair, its values, and every filter that rejects it."""
    candidates = find_candidates(trajectories, parameters)
    says_no = verdicts(candidates, Surroundings.of(trajectories), parameters)
    return [
        {
            "pair": true_pair(scene.tracks, candidate),
            "rejected_by": tuple(no),
            "range_m": _range(plane, candidate),
            **candidate.row,
        }
        for candidate, no in zip(candidates, says_no, strict=True)
    ]


def run_benchmark(
    scenes: Sequence[BenchmarkScene],
    modes: Sequence[str] = MODES,
    parameters: Parameters | None = None,
    filters: Sequence[str] | None = None,
    *,
    bootstraps: int = 1000,
    seed: int = 0,
    workers: int = 1,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Score scenes against their truth.

    Args:
        scenes: with truth.
        modes: planes to score on, of MODES.
        parameters: thresholds; the defaults when None.
        filters: names of the filters used; all when None.
        bootstraps: resamples of scenes for the intervals of F1.
        seed: of these.
        workers: processes.

    Returns:
        A table with a row for each mode, scene and pair of road users that are a true near-miss,
        borderline, or a candidate (columns mode, scene, kind, degradation, half, user_a, user_b,
        is_near_miss, is_borderline, found, candidates, rejected_by, true and measured TTC and PET,
        range_m and the scene's facts), and a summary of JSON-able figures by mode.
    """
    parameters = parameters or Parameters()
    used = set(FILTERS if filters is None else filters)
    work = partial(_scored, modes=tuple(modes), parameters=parameters, used=used)
    parts = over_scenes(work, scenes, workers)
    pairs = [row for part, _ in parts for row in part]
    found = [row for _, part in parts for row in part]
    table, candidates = pd.DataFrame(pairs), pd.DataFrame(found)
    rng = np.random.default_rng(seed)
    summary = {
        mode: _mode_summary(
            table[table["mode"] == mode], candidates[candidates["mode"] == mode], bootstraps, rng
        )
        for mode in modes
        if len(table)
    }
    return table, summary


def true_pair(tracks: pd.DataFrame, candidate: Candidate) -> tuple[str, str]:
    """The true users of a candidate's two tracks at its worst moment, in order."""
    users = [
        user_near(tracks, candidate.row[name], candidate.worst_sec)
        for name in ("track_id_1", "track_id_2")
    ]
    return tuple(sorted(users))


def user_near(tracks: pd.DataFrame, track_id: int, seconds: float) -> str:
    """The true user of most of a track's boxes around a time: identities may be switched."""
    own = tracks[tracks["track_id"] == track_id]
    away = (own["timestamp_sec"] - seconds).abs()
    near = own.loc[away <= max(AROUND_SEC, float(away.min())), "user_id"]
    return str(near.mode().iloc[0])


def _range(plane: Plane, candidate: Candidate) -> float:
    """Metres from the lens's foot point to the pair at its worst moment, nan in pixels."""
    if plane.projection is None:
        return float("nan")
    matrix = plane.projection
    lens = -np.linalg.solve(matrix[:, :3], matrix[:, 3])[:2]
    one = candidate.encounter.one
    at = int(np.argmin(np.abs(one.times - candidate.worst_sec)))
    return float(np.hypot(*(one.positions[at] - lens)))


def label_of(pair: tuple[str, str], truth: pd.DataFrame) -> dict[str, bool]:
    """is_near_miss and is_borderline of two users in order; neither where they are one user."""
    first, second = pair
    row = truth[
        ((truth["user_a"] == first) & (truth["user_b"] == second))
        | ((truth["user_a"] == second) & (truth["user_b"] == first))
    ]
    return {name: bool(row[name].any()) for name in ("is_near_miss", "is_borderline")}


def _marked(
    rows: list[dict[str, Any]], truth: pd.DataFrame, used: set[str]
) -> list[dict[str, Any]]:
    """Candidates with what is true of their pair and whether they are kept."""
    return [
        {**row, **label_of(row["pair"], truth), "kept": not used & set(row["rejected_by"])}
        for row in rows
    ]


def _pair_rows(marked: list[dict[str, Any]], truth: pd.DataFrame) -> list[dict[str, Any]]:
    """One row for each pair that is true, borderline or a candidate; the riskiest kept candidate
    stands for a pair."""
    by_pair: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in marked:
        by_pair.setdefault(row["pair"], []).append(row)
    known = {tuple(sorted((row.user_a, row.user_b))): row for row in truth.itertuples(index=False)}
    wanted = {pair for pair, row in known.items() if row.is_near_miss or row.is_borderline}
    result = []
    for pair in sorted(wanted | set(by_pair)):
        own = by_pair.get(pair, [])
        kept = [row for row in own if row["kept"]]
        shown = max(kept or own, key=lambda row: row["risk_score"], default={})
        true = known.get(pair)
        result.append(
            {
                "user_a": pair[0],
                "user_b": pair[1],
                "is_near_miss": bool(true is not None and true.is_near_miss),
                "is_borderline": bool(true is not None and true.is_borderline),
                "found": bool(kept),
                "candidates": len(own),
                "events": len(kept),
                "rejected_by": "" if kept else "|".join(shown.get("rejected_by", ())),
                "true_ttc_sec": true.min_ttc_sec if true is not None else np.nan,
                "ttc_sec": shown.get("min_ttc_sec", np.nan),
                "ttc_low_sec": shown.get("ttc_low_sec", np.nan),
                "ttc_high_sec": shown.get("ttc_high_sec", np.nan),
                "true_pet_sec": true.pet_sec if true is not None else np.nan,
                "pet_sec": shown.get("pet_sec", np.nan),
                "near_miss_by": true.near_miss_by if true is not None else "",
                "risk_score": shown.get("risk_score", np.nan),
                "range_m": shown.get("range_m", np.nan),
            }
        )
    return result


def _mode_summary(
    table: pd.DataFrame, candidates: pd.DataFrame, bootstraps: int, rng: np.random.Generator
) -> dict[str, Any]:
    groups: dict[str, pd.DataFrame] = {"all": table}
    groups |= {f"half={name}": part for name, part in table.groupby("half")}
    groups |= {f"degradation={name}": part for name, part in table.groupby("degradation")}
    groups["degradation=none or moderate"] = table[table["degradation"] != "strong"]
    return {
        "detection": {
            name: detection_figures(part, bootstraps, rng) for name, part in groups.items()
        },
        "error": {name: error_figures(part) for name, part in groups.items()},
        "error_by": {name: error_figures(part) for name, part in _by_circumstance(table).items()},
        "filters": filter_figures(candidates),
    }


def _by_circumstance(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Parts of a table by range in metres and by each of the scenes' facts."""
    ranges = pd.cut(table["range_m"], RANGES_M)
    parts = {f"range_m={bounds}": part for bounds, part in table.groupby(ranges, observed=True)}
    for fact in ("fps", "stride", "jitter_px"):
        if fact in table:
            parts |= {f"{fact}={value:g}": part for value, part in table.groupby(fact)}
    return parts
