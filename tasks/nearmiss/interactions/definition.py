"""What a near-miss is: the definition on trajectories, stated once.

Two road users, not both pedestrians, are in a near-miss when, with the thresholds of
`Parameters`, either holds.

By TTC: their footprints would touch in less than `ttc_sec` at constant velocities, for at least
`ttc_hold_sec` without a break, while the faster one moves; within that stretch the collision
takes more than comfortable braking to avoid (DRAC) or one of them brakes hard; the gap then falls
to `gap`; and at some moment of it they would also touch if both kept turning as they do.
    A short TTC alone (Hayward 1972) marks every gentle stop behind a queue: coming to rest 2 m
    behind at 2 m/s^2 has a least TTC of 1.4 s. Its DRAC (Cooper and Ferguson 1976) never exceeds
    the braking itself, which is why the two are asked for together. A follower that brakes as
    hard as its leader has a small DRAC, so hard braking counts by itself.

By PET: their courses cross at `pet_angle_deg` or more, and the second gets to where the first was
within `pet_sec` of its leaving (Allen, Shin and Cooper 1978), both moments seen.

Footprints that overlap are an error of the footprints: TTC is not taken there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.nearmiss.interactions.encounters import STEP_SEC, Encounter, Pet
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.turning import turning_collision

Mask = NDArray[np.bool_]
LOOKS = 15  # moments of a stretch at which turning is looked at


@dataclass(frozen=True)
class Finding:
    """Why a pair is a near-miss, or why it is none.

    Attributes:
        stretch: first and last moment of the worst stretch of short TTC that counts, or None.
        pet: the passing that counts, or None.
        reason: one sentence where it is no near-miss, else "".
    """

    stretch: tuple[int, int] | None
    pet: Pet | None
    reason: str

    @property
    def is_near_miss(self) -> bool:
        return self.reason == ""


def judge(encounter: Encounter, parameters: Parameters) -> Finding:
    """Apply the definition to a pair."""
    stretch, why_ttc = _worst_stretch(encounter, parameters)
    pet, why_pet = _crossing(encounter, parameters)
    reason = "" if stretch or pet else f"No conflict: {why_ttc}, and {why_pet}."
    return Finding(stretch, pet, reason)


def runs(mask: Mask) -> list[tuple[int, int]]:
    """First index and one past the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]


def _worst_stretch(
    encounter: Encounter, parameters: Parameters
) -> tuple[tuple[int, int] | None, str]:
    fastest = np.maximum(encounter.states[0].speeds, encounter.states[1].speeds)
    fast = fastest > parameters.moving * encounter.metre
    short = (encounter.ttc < parameters.ttc_sec) & fast
    if not short.any():
        return None, f"TTC stays above {parameters.ttc_sec:g} s"
    reasons, found = [], []
    for first, stop in runs(short):
        why = _not_serious(encounter, parameters, first, stop)
        if why:
            reasons.append((encounter.ttc[first:stop].min(), why))
        else:
            found.append((encounter.ttc[first:stop].min(), (first, stop - 1)))
    return (min(found)[1], "") if found else (None, min(reasons)[1])


def _not_serious(encounter: Encounter, parameters: Parameters, first: int, stop: int) -> str:
    """Why a stretch of short TTC is no near-miss, or ""."""
    metre = encounter.metre
    least = encounter.ttc[first:stop].min()
    seconds = (stop - first) * STEP_SEC
    if seconds < parameters.ttc_hold_sec - 1e-9:
        return f"a TTC of {least:.1f} s lasts only {seconds:.2f} s"
    drac = encounter.drac[first:stop].max() / metre
    braking = encounter.braking[first:stop].max() / metre
    if drac < parameters.drac and braking < parameters.braking:
        return (
            f"a TTC of {least:.1f} s takes only {drac:.1f} m/s^2 to resolve and nobody brakes "
            f"harder than {braking:.1f} m/s^2"
        )
    until = encounter.times[stop - 1] + parameters.gap_wait_sec
    after = (encounter.times >= encounter.times[first]) & (encounter.times <= until)
    gap = encounter.gap[after].min() / metre
    if gap > parameters.gap:
        return f"after a TTC of {least:.1f} s they stay {gap:.1f} m apart"
    looks = np.unique(np.linspace(first, stop - 1, LOOKS).astype(int))
    within = parameters.ttc_sec + parameters.turn_margin_sec
    states = [each.take(looks) for each in encounter.states]
    if not turning_collision(*states, within).any():
        return f"a TTC of {least:.1f} s is gone when they keep turning as they do"
    return ""


def _crossing(encounter: Encounter, parameters: Parameters) -> tuple[Pet | None, str]:
    pet = encounter.pet
    if pet is None or pet.seconds > parameters.pet_sec:
        return None, f"no PET is below {parameters.pet_sec:g} s"
    if pet.angle_deg < parameters.pet_angle_deg:
        return None, f"a PET of {pet.seconds:.1f} s is that of following"
    if pet.censored:
        return None, f"a PET of {pet.seconds:.1f} s was not seen to its end"
    if max(pet.speeds) <= parameters.moving * encounter.metre:
        return None, f"a PET of {pet.seconds:.1f} s is that of standing road users"
    return pet, ""
