"""The true near-misses of a scene, from exact paths and shapely polygons.

What a near-miss is, in one place
---------------------------------
Both road users are rectangles on the ground.  A pair with at least one vehicle (a bicycle is
one; two pedestrians are not a traffic conflict) is a near-miss when either holds.

By TTC.  For at least 0.2 s without a break, both in the picture, the faster moving at more than
1 m/s, the time to collision at constant velocities is under 2.0 s; within that stretch the
deceleration needed to avoid the collision (DRAC, relative speed / (2 TTC)) reaches 2.5 m/s^2 or
one of the two brakes at 4 m/s^2; between the stretch's start and 3 s after its end the gap
falls to 3.0 m or less; and at some moment of the stretch they would also collide, within 2.3 s,
if they kept the turn rates they have.
    TTC under 1.5 to 2 s is the usual mark of a serious conflict (Hayward 1972; van der Horst
    1990).  TTC alone also marks every gentle stop behind a queue: coming to rest 2 m behind at
    2 m/s^2 has a least TTC of 1.4 s.  There the DRAC never exceeds the braking itself, so a
    DRAC above comfortable braking (2 to 3 m/s^2; 3.4 is the usual mark of a car conflict)
    separates the two.  A follower that brakes as hard as its leader has a small DRAC all along,
    so hard braking itself counts too.  The gap keeps out pairs whose courses only pointed at
    each other, the turn rates cars that meet in a bend, each in its lane.

By PET.  Courses that cross at 20 degrees or more, and a post-encroachment time between 0 and
1.5 s (1 to 2 s in the literature), the first user in the picture when it leaves the shared
ground and the second when it gets there, the faster of them then at more than 1 m/s.
    Below 20 degrees the users follow one another, where PET is only the time headway and a
    normal convoy at 1.5 s would count; TTC judges those.

A pair is borderline, and an evaluation may leave it out, when
  "threshold": STRICT and LENIENT rules, on either side of the nominal RULE, disagree;
  "turning": only the turn rates keep it from being a near-miss;
  "hidden": more than half of the near-miss is out of sight behind other things (only where the
      scene's occlusion is on).

Method: exact states every 0.02 s.  TTC by conservative advancement: the second rectangle moves
by the distance between the two, which can never pass a contact, until they touch.  PET from
the union of the convex hulls of successive rectangles (every 0.04 s), with entry and
exit times bisected.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from tasks.nearmiss.scenes.camera import (
    Array,
    Mask,
    Pinhole,
    box_corners,
    covered_share,
    occluder_corners,
    rectangle_corners,
    uncovered,
)
from tasks.nearmiss.scenes.language import RoadUser, Scene
from tasks.nearmiss.scenes.paths import Motion, State, motion_of

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


@dataclass(frozen=True)
class Rule:
    """Thresholds of a near-miss; see the module's docstring."""

    ttc_sec: float = 2.0
    hold_sec: float = 0.2
    drac_mps2: float = 2.5
    braking_mps2: float = 4.0
    gap_m: float = 3.0
    pet_sec: float = 1.5
    angle_deg: float = 20.0


RULE = Rule()
STRICT = Rule(1.7, 0.3, drac_mps2=3.0, braking_mps2=4.5, gap_m=2.5, pet_sec=1.2, angle_deg=25.0)
LENIENT = Rule(2.3, 0.1, drac_mps2=2.0, braking_mps2=3.5, gap_m=3.5, pet_sec=1.8, angle_deg=15.0)

STEP = 0.02  # s, between the moments looked at
TTC_HORIZON = 4.0  # s; a later collision is no TTC
MOVING = 1.0  # m/s
GAP_WAIT = 3.0  # s after the TTC stretch in which the gap must fall
_TOUCH = 1e-4  # m
_HIDDEN_SHARE = 0.7
_HIDDEN_STRIDE = 5  # moments; covering changes slowly
_TURN_CHECK = 2.3  # s
_TURN_RATE = 0.05  # rad/s; slower turning is driving straight


@dataclass(frozen=True)
class _Track:
    """A road user at the scene's N moments."""

    user: RoadUser
    motion: Motion
    present: Mask
    visible: Mask
    hidden: Mask
    state: State
    rectangles: NDArray[np.object_]
    swept: shapely.Geometry

    @property
    def radius(self) -> float:
        length, width, _ = self.user.size
        return math.hypot(length, width) / 2

    def rectangle(self, time: float) -> shapely.Polygon:
        state = self.motion.state([time])
        corners = rectangle_corners(state.position, state.heading, self.user.size[:2])
        return shapely.Polygon(corners[0])


@dataclass(frozen=True)
class _Pet:
    """One passing through shared ground: who first, when it left, when the other came."""

    sec: float
    first: str
    left: float
    arrived: float
    angle_deg: float
    seen: bool
    fastest: float


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
    tracks = _tracks(scene, times)
    rows = []
    for a, b in itertools.combinations(tracks, 2):
        together = a.present & b.present
        if together.any():
            rows.append(_pair_row(scene, times, a, b, together))
    return pd.DataFrame(rows, columns=COLUMNS)


def _tracks(scene: Scene, times: Array) -> list[_Track]:
    lens = Pinhole(scene.camera)
    motions = [motion_of(user, scene.duration) for user in scene.users]
    states = [motion.state(times) for motion in motions]
    presents = [(times >= motion.enters) & (times <= motion.leaves) for motion in motions]
    corners = [
        box_corners(state.position, state.heading, user.size[:2], (0.0, user.size[2]))
        for user, state in zip(scene.users, states, strict=True)
    ]
    hidden = _hidden(scene, lens, corners, presents)
    outlines = [shapely.polygons(each[:, :4, :2]) for each in corners]
    return [
        _Track(
            user=user,
            motion=motions[index],
            present=presents[index],
            visible=presents[index] & lens.visible(corners[index]),
            hidden=hidden[index],
            state=states[index],
            rectangles=outlines[index],
            swept=_swept(outlines[index][presents[index]]),
        )
        for index, user in enumerate(scene.users)
    ]


def _hidden(scene: Scene, lens: Pinhole, corners: list[Array], presents: list[Mask]) -> list[Mask]:
    """Where each user is more than 70 % covered, at the moments (N,); looked at every 0.1 s."""
    count = len(presents[0])
    if not scene.observation.occlusion:
        return [np.zeros(count, dtype=bool) for _ in corners]
    coarse = [each[::_HIDDEN_STRIDE] for each in corners]
    statics = [occluder_corners(each, len(coarse[0])) for each in scene.occluders]
    outlines = [lens.silhouettes(each) for each in coarse]
    static_outlines = [lens.silhouettes(each) for each in statics]
    result = []
    for index, (outline, box) in enumerate(zip(outlines, coarse, strict=True)):
        covers = [
            (cover, lens.may_hide(static, box))
            for static, cover in zip(statics, static_outlines, strict=True)
        ] + [
            (outlines[other], present[::_HIDDEN_STRIDE] & lens.may_hide(coarse[other], box))
            for other, present in enumerate(presents)
            if other != index
        ]
        hidden = covered_share(outline, uncovered(outline, covers)) > _HIDDEN_SHARE
        result.append(np.repeat(hidden, _HIDDEN_STRIDE)[:count])
    return result


def _pair_row(
    scene: Scene, times: Array, a: _Track, b: _Track, together: Mask
) -> dict[str, object]:
    both_seen = a.visible & b.visible
    gap = np.full(len(times), np.inf)
    gap[together] = shapely.distance(a.rectangles[together], b.rectangles[together])
    ttc = np.full(len(times), np.inf)
    ttc[both_seen] = _ttc(a, b, both_seen, gap)
    closing = np.linalg.norm(b.state.velocity - a.state.velocity, axis=1)
    drac = np.where(np.isfinite(ttc), closing / (2 * np.maximum(ttc, 1e-3)), 0.0)
    braking = np.maximum(_braking(a.state), _braking(b.state))
    fastest = np.maximum(a.state.speed, b.state.speed)
    pets, lag = _pets(times, a, b), _lag(times, a, b)
    pet = min(pets, key=lambda each: each.sec, default=None)

    has_vehicle = {a.user.user_class, b.user.user_class} != {"person"}

    def stretch(rule: Rule) -> tuple[int, int] | None:
        if not has_vehicle:
            return None
        hard = (drac >= rule.drac_mps2) | (braking >= rule.braking_mps2 - 1e-9)
        low = (ttc < rule.ttc_sec) & (fastest > MOVING)
        return _ttc_stretch(rule, times, ttc, gap, low=low, hard=hard)

    def crossing(rule: Rule) -> _Pet | None:
        good = [each for each in pets if _pet_counts(rule, each)] if has_vehicle else []
        return min(good, key=lambda each: each.sec, default=None)

    by_ttc, by_pet = stretch(RULE), crossing(RULE)
    only_turning = by_ttc is not None and by_pet is None and _only_turning(times, a, b, by_ttc)
    if only_turning:
        by_ttc = None
    is_near_miss = by_ttc is not None or by_pet is not None
    bounds = []
    if by_ttc is not None:
        bounds += [times[by_ttc[0]], times[by_ttc[1]]]
    if by_pet is not None:
        bounds += [by_pet.left, by_pet.arrived]
    start, end = (min(bounds), max(bounds)) if bounds else (math.nan, math.nan)

    surely = stretch(STRICT) is not None or _surely_crossing(crossing(STRICT), lag)
    perhaps = stretch(LENIENT) is not None or crossing(LENIENT) is not None
    perhaps |= has_vehicle and lag is not None and _pet_counts(LENIENT, lag)
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
        "conflict_angle_deg": float(_angle_deg(a.state.heading, b.state.heading)[moment]),
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


def time_to_collision(
    rectangles_a: NDArray[np.object_],
    rectangles_b: NDArray[np.object_],
    relative_velocity: Array,
    horizon: float = TTC_HORIZON,
) -> Array:
    """Seconds until rectangles b (N), moving at relative_velocity (N, 2) m/s, touch a (N).

    inf where they do not within `horizon` seconds; 0 where they already do.
    """
    elapsed = np.zeros(len(rectangles_a))
    result = np.full(len(rectangles_a), np.inf)
    speed = np.hypot(relative_velocity[:, 0], relative_velocity[:, 1])
    going = np.arange(len(rectangles_a))
    rings = shapely.get_coordinates(rectangles_b).reshape(-1, 5, 2)
    # The gap shrinks at most at the relative speed, so no step can pass a first contact.
    # Rectangles that graze could take endless small steps; hence the limit.
    for _ in range(2000):
        shift = elapsed[going, None] * relative_velocity[going]
        moved = shapely.polygons(rings[going] + shift[:, None, :])
        gap = shapely.distance(rectangles_a[going], moved)
        touching = gap <= _TOUCH
        result[going[touching]] = elapsed[going[touching]]
        going, gap = going[~touching], gap[~touching]
        moving = speed[going] > 1e-6
        going, gap = going[moving], gap[moving]
        elapsed[going] += gap / speed[going]
        going = going[elapsed[going] <= horizon]
        if len(going) == 0:
            break
    return result


def _ttc(a: _Track, b: _Track, moments: Mask, gap: Array) -> Array:
    """TTC at the moments marked, inf where there is none."""
    relative = (b.state.velocity - a.state.velocity)[moments]
    apart = (b.state.position - a.state.position)[moments]
    speed = np.hypot(relative[:, 0], relative[:, 1])
    # Rectangles lie inside circles about their centres; circles that never meet need no look.
    nearest = np.clip(-(apart * relative).sum(axis=1) / np.maximum(speed, 1e-9) ** 2, 0, None)
    miss = np.linalg.norm(apart + np.minimum(nearest, TTC_HORIZON)[:, None] * relative, axis=1)
    possible = (miss <= a.radius + b.radius) & (gap[moments] <= speed * TTC_HORIZON)
    possible |= gap[moments] <= _TOUCH
    result = np.full(len(relative), np.inf)
    if possible.any():
        result[possible] = time_to_collision(
            a.rectangles[moments][possible],
            b.rectangles[moments][possible],
            relative[possible],
        )
    return result


def _ttc_stretch(
    rule: Rule, times: Array, ttc: Array, gap: Array, *, low: Mask, hard: Mask
) -> tuple[int, int] | None:
    """First and last index of the stretch that makes a near-miss by TTC, the worst if several.

    `low` marks moments with a low TTC and a moving user, `hard` those of hard braking or DRAC.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(int)))
    best = None
    for first, stop in edges.reshape(-1, 2):
        last = stop - 1
        after = (times >= times[first]) & (times <= times[last] + GAP_WAIT)
        held = (stop - first) * STEP >= rule.hold_sec - 1e-9
        if held and hard[first:stop].any() and gap[after].min() <= rule.gap_m:
            worst = ttc[first:stop].min()
            if best is None or worst < best[0]:
                best = (worst, int(first), int(last))
    return None if best is None else best[1:]


def _pet_counts(rule: Rule, pet: _Pet) -> bool:
    crossing = pet.angle_deg >= rule.angle_deg
    return pet.seen and crossing and pet.fastest > MOVING and pet.sec <= rule.pet_sec


def _surely_crossing(pet: _Pet | None, lag: _Pet | None) -> bool:
    return pet is not None and lag is not None and _pet_counts(STRICT, lag)


def _pets(times: Array, a: _Track, b: _Track) -> list[_Pet]:
    """Every passing of one user after the other through ground that both sweep."""
    shared = shapely.intersection(a.swept, b.swept)
    found = []
    for zone in shapely.get_parts(shared):
        if zone.geom_type != "Polygon" or zone.area < 0.01:
            continue
        shapely.prepare(zone)
        visits_a, visits_b = _visits(times, a, zone), _visits(times, b, zone)
        for (in_a, out_a), (in_b, out_b) in itertools.product(visits_a, visits_b):
            if out_a <= in_b:
                found.append(_passing(times, a, b, out_a, in_b))
            elif out_b <= in_a:
                found.append(_passing(times, b, a, out_b, in_a))
    return [pet for pet in found if pet.angle_deg >= LENIENT.angle_deg]


def _swept(rectangles: NDArray[np.object_]) -> shapely.Geometry:
    """The ground that rectangles (N) cover on their way: hulls of every second one and the next.

    Between moments 0.04 s apart the hull misses an arc's bulge of millimetres.
    """
    if len(rectangles) == 0:
        return shapely.Polygon()
    chosen = np.unique(np.append(np.arange(0, len(rectangles), 2), len(rectangles) - 1))
    corners = shapely.get_coordinates(rectangles[chosen]).reshape(-1, 5, 2)
    moved = np.abs(np.diff(corners, axis=0)).max(axis=(1, 2)) > 1e-9
    if not moved.any():
        return rectangles[0]
    successive = np.concatenate([corners[:-1], corners[1:]], axis=1)[moved]
    hulls = shapely.convex_hull(shapely.multipoints(shapely.points(successive)))
    return shapely.union_all(hulls)


def _visits(times: Array, track: _Track, zone: shapely.Polygon) -> list[tuple[float, float]]:
    """Entry and exit times of a user's stays on `zone`; those cut by its presence left open."""
    inside = track.present & shapely.intersects(track.rectangles, zone)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    present = np.flatnonzero(track.present)
    visits = []
    for first, stop in edges.reshape(-1, 2):
        entered = -math.inf if first == present[0] else _crossing_time(times, track, zone, first)
        left = math.inf if stop - 1 == present[-1] else _crossing_time(times, track, zone, stop)
        visits.append((entered, left))
    return visits


def _crossing_time(times: Array, track: _Track, zone: shapely.Polygon, index: int) -> float:
    """When the user enters or leaves `zone` between moments index - 1 and index, bisected."""
    low, high = float(times[index - 1]), float(times[index])
    inside_low = zone.intersects(track.rectangle(low))
    while high - low > 1e-5:
        middle = (low + high) / 2
        if zone.intersects(track.rectangle(middle)) == inside_low:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _passing(times: Array, first: _Track, second: _Track, left: float, arrived: float) -> _Pet:
    before, after = first.motion.state([left]), second.motion.state([arrived])
    at_left, at_arrived = round(left / STEP), round(arrived / STEP)
    last = len(times) - 1
    return _Pet(
        sec=arrived - left,
        first=first.user.id,
        left=left,
        arrived=arrived,
        angle_deg=float(_angle_deg(before.heading, after.heading)[0]),
        seen=bool(first.visible[min(at_left, last)] and second.visible[min(at_arrived, last)]),
        fastest=float(max(before.speed[0], after.speed[0])),
    )


def _lag(times: Array, a: _Track, b: _Track) -> _Pet | None:
    """The least time between the two users being at one spot, to STEP * 5, or None above 6 s."""
    coarse = slice(0, len(times), 5)
    at = times[coarse]
    rows = np.flatnonzero(a.present[coarse])
    columns = np.flatnonzero(b.present[coarse])
    first, second = np.meshgrid(rows, columns, indexing="ij")
    apart = np.abs(at[first] - at[second])
    position_a, position_b = a.state.position[coarse], b.state.position[coarse]
    far = np.linalg.norm(position_a[first] - position_b[second], axis=2)
    possible = (far <= a.radius + b.radius) & (apart <= 6.0)
    first, second, apart = first[possible], second[possible], apart[possible]
    meet = shapely.intersects(a.rectangles[coarse][first], b.rectangles[coarse][second])
    if not meet.any():
        return None
    best = int(np.argmin(np.where(meet, apart, np.inf)))
    time_a, time_b = float(at[first[best]]), float(at[second[best]])
    if time_a <= time_b:
        return _passing(times, a, b, time_a, time_b)
    return _passing(times, b, a, time_b, time_a)


def _only_turning(times: Array, a: _Track, b: _Track, stretch: tuple[int, int]) -> bool:
    """Whether users that kept their turn rates would never collide within _TURN_CHECK."""
    moments = np.unique(np.linspace(*stretch, 15).astype(int))
    rates = [_turn_rate(track.state)[moments] for track in (a, b)]
    if max(np.abs(rates[0]).max(), np.abs(rates[1]).max()) < _TURN_RATE:
        return False
    ahead = np.arange(0, _TURN_CHECK, 0.02)
    for place, moment in enumerate(moments):
        shapes = [
            _turned_rectangles(track, moment, rate[place], ahead)
            for track, rate in zip((a, b), rates, strict=True)
        ]
        if shapely.intersects(*shapes).any():
            return False
    return True


def _braking(state: State) -> Array:
    """Deceleration along the way, m/s^2, (N,)."""
    along = (state.acceleration * state.velocity).sum(axis=1)
    return -along / np.maximum(state.speed, 1e-3)


def _turn_rate(state: State) -> Array:
    velocity, acceleration = state.velocity, state.acceleration
    cross = velocity[:, 0] * acceleration[:, 1] - velocity[:, 1] * acceleration[:, 0]
    return cross / np.maximum(state.speed, 0.1) ** 2


def _turned_rectangles(
    track: _Track, moment: int, rate: float, ahead: Array
) -> NDArray[np.object_]:
    """The user's rectangles `ahead` (N,) seconds on, at constant speed and turn rate."""
    half = rate * ahead / 2
    heading = track.state.heading[moment]
    run = track.state.speed[moment] * ahead * np.sinc(half / math.pi)
    step = run[:, None] * np.stack([np.cos(heading + half), np.sin(heading + half)], axis=1)
    corners = rectangle_corners(
        track.state.position[moment] + step, heading + 2 * half, track.user.size[:2]
    )
    return shapely.polygons(corners)


def _mostly_hidden(times: Array, a: _Track, b: _Track, start: float, end: float) -> bool:
    during = (times >= start - STEP) & (times <= end + STEP)
    return bool((a.hidden | b.hidden)[during].mean() > 0.5)


def _angle_deg(one: Array, two: Array) -> Array:
    """The angle between headings, 0 to 180 degrees."""
    return np.degrees(np.abs((one - two + math.pi) % (2 * math.pi) - math.pi))
