"""What the filters remove depends on what is called a candidate: three answers, calibrated.

near: every pair that came near in space or time (`interactions.table.find_candidates`).
short: those of them whose TTC was once below its threshold while one moved, or whose PET was.
rule: every pair for which the per-frame rule of `scoring.NearMissDetector` raises an event on the
    same tracks in the picture; one candidate a pair, whatever their distance on the ground.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tasks.nearmiss.evaluation.figures import SETS, proportion, removal
from tasks.nearmiss.evaluation.filter_curves import all_settings, best_of_four, rejects
from tasks.nearmiss.evaluation.scenes import (
    BenchmarkScene,
    label_of,
    plane_of,
    true_pair,
    user_near,
)
from tasks.nearmiss.evaluation.workers import over_scenes
from tasks.nearmiss.interactions.definition import judge
from tasks.nearmiss.interactions.encounters import HORIZON_SEC
from tasks.nearmiss.interactions.filters import DEFAULT_FOUR, FILTERS, Surroundings, verdicts
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate, find_candidates
from tasks.nearmiss.interactions.trajectories import from_boxes
from tasks.nearmiss.scoring import NearMissDetector, score_tracks

NAMES = ("near", "short", "rule")
EVERYWHERE = 1e6  # m; every two of which one moves are a pair
NEVER_MET = "never met"  # no two moving trajectories that were there together
NO_PAIR = ("duplicate", "identity", "rider", "passenger")  # filters of what is no pair of users

# The definition with one condition lifted: what it then accepts, only that condition tells.
LIFTED = {
    "time (TTC, PET)": {"ttc_sec": HORIZON_SEC, "pet_sec": Parameters().candidate_pet_sec},
    "braking needed": {"drac": 0.0},
    "distance": {"gap": EVERYWHERE},
    "crossing angle": {"pet_angle_deg": 0.0},
    # DRAC is speed / (2 TTC): a longer TTC takes less braking.
    "time and braking needed": {
        "ttc_sec": HORIZON_SEC,
        "pet_sec": Parameters().candidate_pet_sec,
        "drac": 0.0,
    },
}
NO_COURSE = "never on a collision course, nor crossing"


def candidates_by_denominator(
    scenes: Sequence[BenchmarkScene], workers: int = 1
) -> dict[str, pd.DataFrame]:
    """By denominator one row a candidate: scene, pair, is_near_miss, is_borderline, rejected_by
    (the filters that say no), only_told_by (what alone tells it from a near-miss) and for each of
    `filter_curves.all_settings` whether that filter, so set, rejects it."""
    parts = over_scenes(judge_scene, scenes, workers)
    return {name: pd.DataFrame([row for part in parts for row in part[name]]) for name in NAMES}


def judge_scene(scene: BenchmarkScene) -> dict[str, list[dict[str, Any]]]:
    """The rows of one scene; see `candidates_by_denominator`."""
    parameters = Parameters()
    trajectories = from_boxes(scene.tracks, plane_of(scene, "ground"))
    surroundings = Surroundings.of(trajectories)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    for candidate in find_candidates(trajectories, parameters):
        row = _row(scene, true_pair(scene.tracks, candidate), [candidate], surroundings)
        rows["near"].append(row)
        if _was_short(candidate, parameters):
            rows["short"].append(row)
    every = find_candidates(trajectories, replace(parameters, candidate_gap=EVERYWHERE))
    for tracks, seconds in raised_pairs(scene.tracks).items():
        pair = tuple(sorted(user_near(scene.tracks, each, seconds) for each in tracks))
        own = [each for each in every if _is_of(each, tracks)]
        rows["rule"].append(_row(scene, pair, own, surroundings))
    return rows


def raised_pairs(tracks: pd.DataFrame) -> dict[tuple[int, int], float]:
    """Pairs of tracks for which the per-frame rule raises an event in the picture, its thresholds
    at their defaults, with the time of the riskiest one, s."""
    ordered = tracks.sort_values(["frame_index", "track_id"])
    placed = ordered.assign(
        center_x=(ordered["x1"] + ordered["x2"]) / 2, center_y=(ordered["y1"] + ordered["y2"]) / 2
    )
    frames = placed[["frame_index", "timestamp_sec"]].drop_duplicates().assign(processed=True)
    events = score_tracks(frames, placed, NearMissDetector(pedestrian_pairs=False))
    worst = events.sort_values("risk_score", ascending=False, kind="stable")
    worst = worst.drop_duplicates(["object_id_1", "object_id_2"])
    return {
        (int(row.object_id_1), int(row.object_id_2)): float(row.timestamp_sec)
        for row in worst.itertuples(index=False)
    }


def denominator_figures(
    tables: dict[str, pd.DataFrame], scenes: Sequence[BenchmarkScene]
) -> dict[str, Any]:
    """For each denominator: `filters`, what each set of filters removes and loses; `raised`, the
    share of the true near-misses that are among the candidates; `best_of_four`, the best
    that any thresholds of the four classic filters do; `left`, what tells the false candidates
    that these leave at their defaults."""
    sure = {
        (scene.name, *sorted((row.user_a, row.user_b)))
        for scene in scenes
        for row in scene.truth.itertuples(index=False)
        if row.is_near_miss and not row.is_borderline
    }
    figures = {}
    for name, table in tables.items():
        raised = {(row.scene, *row.pair) for row in table.itertuples(index=False)}
        figures[name] = {
            "raised": proportion(len(raised & sure), len(sure)),
            "filters": {
                filters: removal(table, table["rejected_by"].map(lambda no, s=used: bool(s & no)))
                for filters, used in SETS.items()
            },
            "best_of_four": best_of_four(table),
            "left": _left(table),
        }
    return figures


def readable(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The candidates of every denominator in one table, without the settings of the search."""
    parts = []
    for name, table in tables.items():
        plain = table[[column for column in table if isinstance(column, str)]]
        joined = plain["rejected_by"].map(lambda no: "|".join(sorted(no)))
        pairs = plain["pair"].map(" and ".join)
        parts.append(plain.assign(denominator=name, rejected_by=joined, pair=pairs))
    return pd.concat(parts, ignore_index=True)


def _left(table: pd.DataFrame) -> dict[str, int]:
    """Counts of what tells the false candidates that the four classic filters leave."""
    false = table[~table["is_near_miss"] & ~table["is_borderline"]]
    left = false[false["rejected_by"].map(lambda no: not no & {*DEFAULT_FOUR, NEVER_MET})]
    counts: Counter[str] = Counter()
    for row in left.itertuples(index=False):
        parts = [name for name in NO_PAIR if name in row.rejected_by]
        counts[f"no two road users: {parts[0]}" if parts else row.only_told_by] += 1
    return {"all": len(left), **dict(counts.most_common())}


def _row(
    scene: BenchmarkScene,
    pair: tuple[str, str],
    candidates: list[Candidate],
    surroundings: Surroundings,
) -> dict[str, Any]:
    """A candidate made of one or, where identities broke, several meetings: a filter rejects it
    when it rejects each."""
    said = [set(no) for no in verdicts(candidates, surroundings, Parameters())]
    no = set.intersection(*said) if said else set(FILTERS) | {NEVER_MET}
    return {
        "scene": scene.name,
        "pair": pair,
        **label_of(pair, scene.truth),
        "rejected_by": no,
        "only_told_by": _only_told_by(candidates),
        **{
            each: all(rejects(each, candidate, surroundings) for candidate in candidates)
            for each in all_settings()
        },
    }


def _only_told_by(candidates: list[Candidate]) -> str:
    """The one condition of the definition without which a candidate would be a near-miss."""
    if any(judge(each.encounter, Parameters()).is_near_miss for each in candidates):
        return "nothing"
    for name, lifted in LIFTED.items():
        without = replace(Parameters(), **lifted)
        if any(judge(each.encounter, without).is_near_miss for each in candidates):
            return name
    met = [each.encounter for each in candidates]
    limit = Parameters().candidate_pet_sec
    crossed = any(
        each.pet is not None
        and each.pet.seconds <= limit
        and each.pet.angle_deg >= Parameters().pet_angle_deg
        for each in met
    )
    if not crossed and not any(np.isfinite(each.ttc).any() for each in met):
        return NO_COURSE
    return "several conditions"


def _was_short(candidate: Candidate, parameters: Parameters) -> bool:
    meeting = candidate.encounter
    limit = parameters.moving * meeting.metre
    moving = np.maximum(*(each.speeds for each in meeting.states)) > limit
    by_ttc = bool((moving & (meeting.ttc < parameters.ttc_sec)).any())
    pet = meeting.pet
    return by_ttc or (
        pet is not None and pet.seconds < parameters.pet_sec and max(pet.speeds) > limit
    )


def _is_of(candidate: Candidate, tracks: tuple[int, int]) -> bool:
    """Whether a candidate's trajectories were made of two tracks, in either order."""
    meeting = candidate.encounter
    one, two = (set(each.source_ids.tolist()) for each in (meeting.one, meeting.two))
    first, second = tracks
    return (first in one and second in two) or (second in one and first in two)
