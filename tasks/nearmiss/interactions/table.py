"""Interactions: one row for each meeting of two road users, with measures, risk and intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.nearmiss.interactions.definition import Finding, judge
from tasks.nearmiss.interactions.encounters import Encounter, encounter
from tasks.nearmiss.interactions.intervals import INTERVAL, drawn_measures, held_minimum
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.risk import VULNERABLE, risk_score
from tasks.nearmiss.interactions.trajectories import Trajectory
from tasks.nearmiss.measures import conflict_type
from tasks.nearmiss.scoring import risk_level

Floats = NDArray[np.float64]

KMH = 3.6  # km/h in a m/s
INTERACTION_COLUMNS = [
    "interaction_id",
    "track_id_1",
    "track_id_2",
    "class_1",
    "class_2",
    "start_frame",
    "end_frame",
    "start_sec",
    "end_sec",
    "worst_frame",
    "worst_sec",
    "min_ttc_sec",
    "ttc_low_sec",
    "ttc_high_sec",
    "pet_sec",
    "max_drac",
    "min_distance",
    "speed_1",
    "speed_2",
    "speed_1_kmh",
    "speed_2_kmh",
    "conflict_type",
    "conflict_angle_deg",
    "vulnerable",
    "risk_score",
    "score_low",
    "score_high",
    "risk_level",
    "units",
]


@dataclass(frozen=True)
class Candidate:
    """A pair that came near, with what the definition says of it.

    Attributes:
        encounter: its measures over time.
        finding: why it is a near-miss, or why not.
        worst: index of the worst moment, or -1 where the two were never there together.
        worst_sec: time of the worst moment.
        row: values of INTERACTION_COLUMNS, but for the id.
    """

    encounter: Encounter
    finding: Finding
    worst: int
    worst_sec: float
    row: dict[str, object]


def find_candidates(
    trajectories: Sequence[Trajectory],
    parameters: Parameters | None = None,
    *,
    seed: int = 0,
) -> list[Candidate]:
    """All of `each_candidate`, the riskiest first."""
    found = list(each_candidate(trajectories, parameters, seed=seed))
    found.sort(key=lambda each: -float(each.row["risk_score"]))
    return found


def each_candidate(
    trajectories: Sequence[Trajectory],
    parameters: Parameters | None = None,
    *,
    seed: int = 0,
) -> Iterator[Candidate]:
    """Pairs of road users that came near each other in space or time.

    One at a time, in the order of the trajectories, since its measures over time take a thousand
    times the room of its row.

    A pair is a candidate when its TTC falls below `ttc_sec`, its gap below `candidate_gap` or its
    PET below `candidate_pet_sec`, the faster one moving. Two pedestrians are passed over unless
    `pedestrian_pairs`.

    Args:
        trajectories: in one plane.
        parameters: thresholds; the defaults when None.
        seed: of the draws behind the intervals.

    Raises:
        ValueError: trajectories of different units.
    """
    parameters = parameters or Parameters()
    if len({each.units for each in trajectories}) > 1:
        raise ValueError("Trajectories must all be in metres or all in pixels.")
    rng = np.random.default_rng(seed)
    for one, two in _pairs(trajectories, parameters):
        both_walk = one.class_name == two.class_name == "person"
        if one.track_id == two.track_id or (both_walk and not parameters.pedestrian_pairs):
            continue
        meeting = encounter(one, two, parameters.candidate_pet_sec)
        if meeting is not None and _came_near(meeting, parameters):
            yield _candidate(meeting, parameters, rng)


def interactions_table(found: Sequence[dict[str, object]]) -> pd.DataFrame:
    """INTERACTION_COLUMNS of the rows of candidates, in their order; ids count from 1."""
    rows = [{"interaction_id": n, **each} for n, each in enumerate(found, start=1)]
    return pd.DataFrame(rows, columns=INTERACTION_COLUMNS)


def _pairs(
    trajectories: Sequence[Trajectory], parameters: Parameters
) -> Iterator[tuple[Trajectory, Trajectory]]:
    """Pairs, in their order, that may be candidates by their times and ways alone."""
    if not trajectories:
        return
    bounds = _Bounds.of(trajectories)
    for first, one in enumerate(trajectories):
        later = np.arange(first + 1, len(trajectories))
        apart = np.maximum(
            bounds.start[first] - bounds.end[later], bounds.start[later] - bounds.end[first]
        )
        later = later[apart <= parameters.candidate_pet_sec]
        for second in later[~_far_apart(bounds, first, later, parameters)]:
            yield one, trajectories[second]


@dataclass(frozen=True)
class _Bounds:
    """First and last times, bounding boxes of ways, highest speeds, sizes: (n,) or (n, 2)."""

    start: Floats
    end: Floats
    low: Floats
    high: Floats
    speed: Floats
    diagonal: Floats
    metre: Floats

    @classmethod
    def of(cls, trajectories: Sequence[Trajectory]) -> _Bounds:
        return cls(
            start=np.array([each.times[0] for each in trajectories]),
            end=np.array([each.times[-1] for each in trajectories]),
            low=np.array([each.positions.min(axis=0) for each in trajectories]),
            high=np.array([each.positions.max(axis=0) for each in trajectories]),
            speed=np.array([each.speeds.max() for each in trajectories]),
            diagonal=np.array([np.hypot(each.length, each.width) for each in trajectories]),
            metre=np.array([each.metre for each in trajectories]),
        )


def _far_apart(
    bounds: _Bounds, first: int, others: NDArray[np.intp], parameters: Parameters
) -> NDArray[np.bool_]:
    """Whether the ways of one and of others (m,) never come near enough for a candidate, by their
    bounding boxes alone."""
    between = np.maximum(
        bounds.low[first] - bounds.high[others], bounds.low[others] - bounds.high[first]
    )
    sizes = (bounds.diagonal[first] + bounds.diagonal[others]) / 2
    reach = parameters.candidate_gap * np.sqrt(bounds.metre[first] * bounds.metre[others])
    reach += parameters.ttc_sec * (bounds.speed[first] + bounds.speed[others]) + sizes
    return between.max(axis=1) > reach


def _came_near(meeting: Encounter, parameters: Parameters) -> bool:
    speeds = [each.speeds for each in meeting.states]
    moving = np.maximum(*speeds) > parameters.moving * meeting.metre
    near = meeting.gap < parameters.candidate_gap * meeting.metre
    by_time = meeting.pet is not None and max(meeting.pet.speeds) > parameters.moving * (
        meeting.metre
    )
    return bool((moving & (near | (meeting.ttc < parameters.ttc_sec))).any() or by_time)


def _candidate(meeting: Encounter, parameters: Parameters, rng: np.random.Generator) -> Candidate:
    finding = judge(meeting, parameters)
    worst, worst_sec = _worst_moment(meeting, finding)
    first, last = _span(meeting, finding, parameters)
    one, two = meeting.one, meeting.two
    speeds = _speeds_at(meeting, worst)
    angle = float(meeting.angle_deg[worst]) if worst >= 0 else meeting.pet.angle_deg
    if finding.stretch is None and meeting.pet is not None:
        angle, speeds = meeting.pet.angle_deg, meeting.pet.speeds
    kind, vulnerable = conflict_type(
        np.array([angle]), one.class_name in VULNERABLE, two.class_name in VULNERABLE
    )
    vulnerable = bool(vulnerable[0])
    risk = _risk(meeting, finding, worst, vulnerable, parameters, rng)
    row = {
        "track_id_1": one.source_id(worst_sec),
        "track_id_2": two.source_id(worst_sec),
        "class_1": one.class_name,
        "class_2": two.class_name,
        "start_frame": _frame_at(one, two, first),
        "end_frame": _frame_at(one, two, last),
        "start_sec": first,
        "end_sec": last,
        "worst_frame": _frame_at(one, two, worst_sec),
        "worst_sec": worst_sec,
        "pet_sec": meeting.pet.seconds if meeting.pet else np.nan,
        "min_distance": float(meeting.gap.min()) if len(meeting.gap) else np.nan,
        "speed_1": speeds[0],
        "speed_2": speeds[1],
        "speed_1_kmh": _kmh(speeds[0], one.units),
        "speed_2_kmh": _kmh(speeds[1], one.units),
        "conflict_type": str(kind[0]),
        "conflict_angle_deg": angle,
        "vulnerable": vulnerable,
        "units": one.units,
        **risk,
    }
    return Candidate(meeting, finding, worst, worst_sec, row)


def _worst_moment(meeting: Encounter, finding: Finding) -> tuple[int, float]:
    """Index and time of the least TTC of the stretch that counts; else of the PET's arrival;
    else of the least TTC or gap at all."""
    if finding.stretch is not None:
        first, last = finding.stretch
        worst = first + int(np.argmin(meeting.ttc[first : last + 1]))
    elif finding.pet is not None or not len(meeting.times):
        seconds = meeting.pet.enter_time
        if not len(meeting.times):
            return -1, seconds
        return int(np.argmin(np.abs(meeting.times - seconds))), seconds
    elif np.isfinite(meeting.ttc).any():
        worst = int(np.argmin(meeting.ttc))
    else:
        worst = int(np.argmin(meeting.gap))
    return worst, float(meeting.times[worst])


def _span(meeting: Encounter, finding: Finding, parameters: Parameters) -> tuple[float, float]:
    """From when to when they met: conflict and passing, or else the time that they were near."""
    bounds = []
    if finding.stretch is not None:
        bounds += [float(meeting.times[at]) for at in finding.stretch]
    if finding.pet is not None:
        bounds += [finding.pet.leave_time, finding.pet.enter_time]
    if not bounds:
        near = (meeting.gap < parameters.proximity * meeting.metre) | np.isfinite(meeting.ttc)
        bounds = [float(each) for each in meeting.times[near][[0, -1]]] if near.any() else []
    if not bounds and meeting.pet is not None:
        bounds = [meeting.pet.leave_time, meeting.pet.enter_time]
    if not bounds:
        bounds = [float(meeting.times[0]), float(meeting.times[-1])]
    return min(bounds), max(bounds)


def _speeds_at(meeting: Encounter, moment: int) -> tuple[float, float]:
    if moment < 0:
        return meeting.pet.speeds
    return tuple(float(each.speeds[moment]) for each in meeting.states)


def _frame_at(one: Trajectory, two: Trajectory, seconds: float) -> int:
    """The processed frame nearest to a time, of the trajectory that has one nearer."""
    options = []
    for each in (one, two):
        at = int(np.argmin(np.abs(each.times - seconds)))
        options.append((abs(float(each.times[at]) - seconds), int(each.frames[at])))
    return min(options)[1]


def _risk(
    meeting: Encounter,
    finding: Finding,
    worst: int,
    vulnerable: bool,
    parameters: Parameters,
    rng: np.random.Generator,
) -> dict[str, object]:
    """Measures that enter the score, the score and its level, and intervals of TTC and score."""
    metre = meeting.metre
    course = np.isfinite(meeting.ttc)
    if finding.stretch is not None:
        span = slice(finding.stretch[0], finding.stretch[1] + 1)
    else:
        span = slice(0, len(meeting.times))
    ttc = float(held_minimum(meeting.ttc))
    drac = float(-held_minimum(-meeting.drac[span])) if course.any() else 0.0
    drac = max(drac, 0.0)
    braking = float(meeting.braking[span][course[span]].max()) if course[span].any() else 0.0
    pet = meeting.pet.seconds if _crossing(meeting, parameters) else np.nan
    relative = _relative_speed(meeting, worst)

    def score(ttc: Floats, pet: Floats, effort: Floats, relative: Floats) -> Floats:
        return risk_score(ttc, pet, effort / metre, relative / metre, vulnerable, parameters)

    point = float(score(ttc, pet, max(drac, braking), relative))
    drawn = drawn_measures(meeting, (ttc, pet, drac, relative), worst, rng)
    low, high = np.percentile(drawn.ttc, INTERVAL, method="nearest")
    efforts = np.maximum(drawn.drac, braking * drawn.stretch)
    score_low, score_high = np.percentile(
        score(drawn.ttc, drawn.pet, efforts, drawn.relative_speed), INTERVAL
    )
    return {
        "min_ttc_sec": _or_nan(ttc),
        "ttc_low_sec": _or_nan(min(low, ttc)),
        "ttc_high_sec": _or_nan(max(high, ttc)),
        "max_drac": drac,
        "risk_score": point,
        "score_low": min(float(score_low), point),
        "score_high": max(float(score_high), point),
        "risk_level": risk_level(point),
    }


def _crossing(meeting: Encounter, parameters: Parameters) -> bool:
    return meeting.pet is not None and meeting.pet.angle_deg >= parameters.pet_angle_deg


def _relative_speed(meeting: Encounter, worst: int) -> float:
    if worst < 0:
        return float(np.hypot(*meeting.pet.speeds))
    one, two = (each.velocities[worst] for each in meeting.states)
    return float(np.hypot(*(two - one)))


def _kmh(speed: float, units: str) -> float:
    """NaN on a picture, where no speed is known."""
    return speed * KMH if units == "m" else np.nan


def _or_nan(seconds: float) -> float:
    return float(seconds) if np.isfinite(seconds) else np.nan
