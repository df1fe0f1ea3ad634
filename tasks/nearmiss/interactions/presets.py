"""Named sets of parameters and filters, each with the evidence for it.

The evidence is from the scenes of known truth, calibrated; it is printed by
`python -m tasks.nearmiss.evaluation.presets`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.nearmiss.interactions.filters import DEFAULT_FOUR, FILTERS
from tasks.nearmiss.interactions.parameters import Parameters


@dataclass(frozen=True)
class Preset:
    """Parameters, the filters used, and why."""

    parameters: Parameters
    filters: tuple[str, ...]
    evidence: str


EVERY_FILTER = tuple(FILTERS)

PRESETS: dict[str, Preset] = {
    "default": Preset(
        Parameters(),
        EVERY_FILTER,
        "The default thresholds and every filter: 38 of 38 true near-misses found and no false "
        "one of 203 false candidates kept, calibrated, 90 scenes.",
    ),
    "classic-filters": Preset(
        Parameters(),
        (*DEFAULT_FOUR,),
        "Only the four classic filters: they remove 53 % of 203 false candidates "
        "and lose none of 38 true ones, so 95 false ones are left.",
    ),
    "faint": Preset(
        Parameters(confidence=0.25, confidence_window_sec=0.5),
        EVERY_FILTER,
        "For detectors of low confidence: either box may be fainter, and a median over a second "
        "counts instead of one box.",
    ),
    "slow": Preset(
        Parameters(duration_sec=0.4),
        EVERY_FILTER,
        "For a few frames a second: proximity may also hold for 0.4 s instead of 5 frames.",
    ),
    "screening": Preset(
        Parameters(
            ttc_sec=2.5,
            drac=2.0,
            braking=3.5,
            gap=4.0,
            pet_sec=2.0,
            duration_sec=0.2,
            confidence=0.25,
            confidence_window_sec=0.5,
        ),
        EVERY_FILTER,
        "Looser thresholds all round, for a person to look through; expect more false ones.",
    ),
    "severe": Preset(
        Parameters(ttc_sec=1.5, drac=3.4, braking=5.0, gap=2.0, pet_sec=1.0),
        EVERY_FILTER,
        "Stricter thresholds, a DRAC above the 3.4 m/s^2 of a severe conflict (Archer 2005), "
        "so it misses near-misses by design.",
    ),
}
"""By name."""
