"""Thresholds of near-misses on trajectories, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameters:
    """What counts as a near-miss, and how candidates are found and filtered.

    Lengths are metres, times seconds, speeds m/s, accelerations m/s^2. On trajectories in pixels
    a metre is what the road users' own sizes say it is (`encounters.Encounter.metre`).

    Attributes:
        ttc_sec: a shorter time to collision is a conflict (Hayward 1972; van der Horst 1990).
        ttc_hold_sec: for so long without a break.
        drac: a collision that takes more braking than this to avoid is no gentle stop; above
            the 2 to 3 m/s^2 of comfortable braking, below the 3.4 m/s^2 at which Archer (2005)
            calls a conflict severe.
        braking: or one of the two brakes this hard (emergency braking begins at about 4 m/s^2,
            van der Horst 1990).
        gap: the footprints come this near within `gap_wait_sec` of the short TTC.
        pet_sec: a shorter post-encroachment time is a conflict (Allen et al. 1978; 1 to 1.5 s
            is serious).
        pet_angle_deg: below it users follow each other, and PET is their time headway.
        moving: the faster one moves at least this fast.
        turn_margin_sec: a collision at constant turn rates must come within ttc_sec plus this.
        pedestrian_pairs: whether two pedestrians can be a near-miss.
        candidate_gap: pairs that come nearer than this are looked at.
        candidate_pet_sec: and those that pass one place within this.
        stationary_speed: both slower than this over `stationary_frames` is standing.
        stationary_speed_px: the same in pixels a processed frame.
        duration_frames: processed frames in a row that proximity must hold,
        duration_sec: or the seconds, where that is above 0.
        proximity: gap that counts as proximity.
        direction_deg: headings within this of each other are one direction.
        closing_speed: below this the closing speed is near zero.
        confidence: of either box at the worst moment,
        confidence_window_sec: or the median over so long either side.
    """

    ttc_sec: float = 2.0
    ttc_hold_sec: float = 0.2
    drac: float = 2.5
    braking: float = 4.0
    gap: float = 3.0
    gap_wait_sec: float = 3.0
    pet_sec: float = 1.5
    pet_angle_deg: float = 20.0
    moving: float = 1.0
    turn_margin_sec: float = 0.3
    pedestrian_pairs: bool = False
    candidate_gap: float = 3.0
    candidate_pet_sec: float = 3.0
    stationary_speed: float = 0.5
    stationary_speed_px: float = 5.0
    stationary_frames: int = 15
    duration_frames: int = 5
    duration_sec: float = 0.0
    proximity: float = 10.0
    direction_deg: float = 30.0
    closing_speed: float = 0.5
    confidence: float = 0.5
    confidence_window_sec: float = 0.0

    def __post_init__(self) -> None:
        wrong = [
            name
            for name, value in vars(self).items()
            if not isinstance(value, bool) and not value >= 0
        ]
        if wrong:
            raise ValueError(f"Parameters must not be negative: {', '.join(wrong)}.")
