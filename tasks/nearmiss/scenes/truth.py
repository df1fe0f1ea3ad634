"""The true near-misses of a scene, a row a pair, from exact paths and shapely polygons.

`true_near_miss` says what a near-miss is; `true_ttc` and `true_pet` how its times are found.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import shapely

from tasks.nearmiss.scenes.camera import Array, Mask
from tasks.nearmiss.scenes.language import Scene
from tasks.nearmiss.scenes.true_near_miss import (
    LENIENT,
    RULE,
    STRICT,
    Rule,
    pet_counts,
    surely_crossing,
    ttc_stretch,
)
from tasks.nearmiss.scenes.true_pet import Passing, least_lag, passings
from tasks.nearmiss.scenes.true_ttc import ttc_of, turn_clear
from tasks.nearmiss.scenes.users_on_ground import (
    MOVING,
    STEP,
    Track,
    angle_deg_between,
    braking_of,
    tracks_of,
)

COLUMNS = [
    "scene",
    "kind",
    "degradation",
    "user_a",
    "user_b",
    "class_a",
    "class_b",
    "together_start_sec",
    "together_end_sec",
    "both_visible_sec",
    "min_ttc_sec",
    "min_ttc_time_sec",
    "pet_sec",
    "pet_time_sec",
    "pet_first",
    "pet_angle_deg",
    "pet_lag_sec",
    "min_distance_m",
    "min_distance_time_sec",
    "max_drac_mps2",
    "max_braking_mps2",
    "conflict_angle_deg",
    "speed_a_mps",
    "speed_b_mps",
    "is_near_miss",
    "near_miss_by",
    "near_miss_start_sec",
    "near_miss_end_sec",
    "is_borderline",
    "borderline_reason",
]


def truth(scene: Scene) -> pd.DataFrame:
    """One row (COLUMNS) for each pair of road users that is present together, users in order.

    TTC, its time, DRAC and the hardest braking of either are over moments with both in the
    picture and on a collision course within TTC_HORIZON, NaN if there are none.  pet_sec, the
    least of all passings whether in the picture or not, is NaN unless courses cross at 15
    degrees or more and one user leaves the shared ground before the other comes.  pet_lag_sec
    is the least time between the two being at one spot, whatever the shared ground's shape (NaN
    above 6 s).  The conflict angle and speeds are those at the least TTC, else at the PET's
    arrival, else at the least distance.
    """
    times = np.arange(0, round(scene.duration / STEP) + 1) * STEP
    tracks = tracks_of(scene, times)
    rows = []
    for a, b in itertools.combinations(tracks, 2):
        together = a.present & b.present
        if together.any():
            rows.append(_pair_row(scene, times, a, b, together))
    return pd.DataFrame(rows, columns=COLUMNS)


def _pair_row(scene: Scene, times: Array, a: Track, b: Track, together: Mask) -> dict[str, object]:
    both_seen = a.visible & b.visible
    gap = np.full(len(times), np.inf)
    gap[together] = shapely.distance(a.rectangles[together], b.rectangles[together])
    ttc = np.full(len(times), np.inf)
    ttc[both_seen] = ttc_of(a, b, both_seen, gap)
    closing = np.linalg.norm(b.state.velocity - a.state.velocity, axis=1)
    drac = np.where(np.isfinite(ttc), closing / (2 * np.maximum(ttc, 1e-3)), 0.0)
    braking = np.maximum(braking_of(a.state), braking_of(b.state))
    fastest = np.maximum(a.state.speed, b.state.speed)
    pets, lag = passings(times, a, b), least_lag(times, a, b)
    pet = min(pets, key=lambda each: each.sec, default=None)

    has_vehicle = {a.user.user_class, b.user.user_class} != {"person"}

    def stretch(rule: Rule) -> tuple[int, int] | None:
        if not has_vehicle:
            return None
        hard = (drac >= rule.drac_mps2) | (braking >= rule.braking_mps2 - 1e-9)
        low = (ttc < rule.ttc_sec) & (fastest > MOVING)
        return ttc_stretch(rule, times, ttc, gap, low=low, hard=hard)

    def crossing(rule: Rule) -> Passing | None:
        good = [each for each in pets if pet_counts(rule, each)] if has_vehicle else []
        return min(good, key=lambda each: each.sec, default=None)

    by_ttc, by_pet = stretch(RULE), crossing(RULE)
    only_turning = by_ttc is not None and by_pet is None and turn_clear(times, a, b, by_ttc)
    if only_turning:
        by_ttc = None
    is_near_miss = by_ttc is not None or by_pet is not None
    bounds = []
    if by_ttc is not None:
        bounds += [times[by_ttc[0]], times[by_ttc[1]]]
    if by_pet is not None:
        bounds += [by_pet.left, by_pet.arrived]
    start, end = (min(bounds), max(bounds)) if bounds else (math.nan, math.nan)

    surely = stretch(STRICT) is not None or surely_crossing(crossing(STRICT), lag)
    perhaps = stretch(LENIENT) is not None or crossing(LENIENT) is not None
    perhaps |= has_vehicle and lag is not None and pet_counts(LENIENT, lag)
    reason = ""
    if only_turning:
        reason = "turning"
    elif surely != perhaps:
        reason = "threshold"
    elif is_near_miss and _mostly_hidden(times, a, b, start, end):
        reason = "hidden"

    on_course = np.isfinite(ttc)
    at_ttc = int(np.argmin(ttc)) if on_course.any() else None
    at_gap = int(np.argmin(gap))
    if at_ttc is not None:
        moment = at_ttc
    elif pet is not None:
        moment = int(np.clip(round(pet.arrived / STEP), 0, len(times) - 1))
    else:
        moment = at_gap
    first, last = np.flatnonzero(together)[[0, -1]]
    return {
        "scene": scene.name,
        "kind": scene.kind,
        "degradation": scene.degradation,
        "user_a": a.user.id,
        "user_b": b.user.id,
        "class_a": a.user.user_class,
        "class_b": b.user.user_class,
        "together_start_sec": times[first],
        "together_end_sec": times[last],
        "both_visible_sec": both_seen.sum() * STEP,
        "min_ttc_sec": ttc[at_ttc] if at_ttc is not None else math.nan,
        "min_ttc_time_sec": times[at_ttc] if at_ttc is not None else math.nan,
        "pet_sec": pet.sec if pet else math.nan,
        "pet_time_sec": pet.arrived if pet else math.nan,
        "pet_first": pet.first if pet else "",
        "pet_angle_deg": pet.angle_deg if pet else math.nan,
        "pet_lag_sec": lag.sec if lag else math.nan,
        "min_distance_m": gap[at_gap],
        "min_distance_time_sec": times[at_gap],
        "max_drac_mps2": drac.max() if on_course.any() else math.nan,
        "max_braking_mps2": braking[on_course].max() if on_course.any() else math.nan,
        "conflict_angle_deg": float(angle_deg_between(a.state.heading, b.state.heading)[moment]),
        "speed_a_mps": a.state.speed[moment],
        "speed_b_mps": b.state.speed[moment],
        "is_near_miss": is_near_miss,
        "near_miss_by": "+".join(
            name for name, found in (("ttc", by_ttc), ("pet", by_pet)) if found is not None
        ),
        "near_miss_start_sec": start,
        "near_miss_end_sec": end,
        "is_borderline": reason != "",
        "borderline_reason": reason,
    }


def _mostly_hidden(times: Array, a: Track, b: Track, start: float, end: float) -> bool:
    during = (times >= start - STEP) & (times <= end + STEP)
    return bool((a.hidden | b.hidden)[during].mean() > 0.5)
