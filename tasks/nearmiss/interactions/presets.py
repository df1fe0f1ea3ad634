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
        "The default thresholds and every filter: 38 of 38 true near-misses found (recall 0.91 to "
        "1.00) and nothing false (precision 0.91 to 1.00), F1 1.00, 90 scenes.",
    ),
    "classic-filters": Preset(
        Parameters(),
        (*DEFAULT_FOUR,),
        "Only the four classic filters: 38 of 38 true near-misses (recall 0.91 to 1.00) and 77 "
        "false pairs (precision 0.33, 0.25 to 0.42), F1 0.50 (0.39 to 0.62).",
    ),
    "faint": Preset(
        Parameters(confidence=0.25, confidence_window_sec=0.5),
        EVERY_FILTER,
        "For detectors of low confidence: with every confidence lowered by 0.33 it finds 38 of 38 "
        "(recall 0.91 to 1.00), the default 33 of 38 (0.73 to 0.94), neither a false one; F1 1.00 "
        "against 0.93 (0.86 to 0.99). As observed it is like the default.",
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
        "Looser thresholds all round, for a person to look through: 38 of 38 (recall 0.91 to 1.00) "
        "and nothing false, also with confidence lowered by 0.33; at 5 frames a second 38 of 38 "
        "and 2 false pairs. These scenes' false pairs lie far off the thresholds; expect more on "
        "real roads.",
    ),
    "severe": Preset(
        Parameters(ttc_sec=1.5, drac=3.4, braking=5.0, gap=2.0, pet_sec=1.0),
        EVERY_FILTER,
        "Stricter thresholds, a DRAC above the 3.4 m/s^2 of a severe conflict (Archer 2005): 30 of "
        "38 true near-misses (recall 0.79, 0.64 to 0.89) and nothing false (precision 0.89 to "
        "1.00), F1 0.88 (0.78 to 0.95).",
    ),
}
"""By name."""
