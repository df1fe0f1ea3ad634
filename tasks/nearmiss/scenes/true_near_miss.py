"""What a near-miss is in the truth of scenes, in one place.

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
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.nearmiss.scenes.camera import Array, Mask
from tasks.nearmiss.scenes.true_pet import LEAST_ANGLE_DEG, Passing
from tasks.nearmiss.scenes.users_on_ground import MOVING, STEP


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
LENIENT = Rule(
    2.3, 0.1, drac_mps2=2.0, braking_mps2=3.5, gap_m=3.5, pet_sec=1.8, angle_deg=LEAST_ANGLE_DEG
)

GAP_WAIT = 3.0  # s after the TTC stretch in which the gap must fall


def ttc_stretch(
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


def pet_counts(rule: Rule, pet: Passing) -> bool:
    crossing = pet.angle_deg >= rule.angle_deg
    return pet.seen and crossing and pet.fastest > MOVING and pet.sec <= rule.pet_sec


def surely_crossing(pet: Passing | None, lag: Passing | None) -> bool:
    return pet is not None and lag is not None and pet_counts(STRICT, lag)
