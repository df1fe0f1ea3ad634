"""How bad a near-miss is: a score from 0 to 1, its level, and what may be said of it.

score = 0.5 nearness + 0.3 effort + 0.2 harm, each 0 to 1:

* nearness: the larger of 1 - TTC / 2.0 s and 1 - PET / 1.5 s (thresholds of `Parameters`);
* effort: the larger of DRAC and the hardest braking, over 8 m/s^2, what tyres can do on a dry
  road;
* harm: the relative speed at the worst moment over 50 km/h, or over 30 km/h where a pedestrian or
  rider is involved (Rosen and Sander 2009: the risk of death rises steeply from there).

The weights are a convention, as those of the pixel score are; no crash record stands behind them.
The levels are those of the pixel score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.scoring import HIGH_FROM

Floats = NDArray[np.float64]
WEIGHT_NEARNESS, WEIGHT_EFFORT, WEIGHT_HARM = 0.5, 0.3, 0.2
MOST_BRAKING = 8.0  # m/s^2
HARM_SPEED, HARM_SPEED_VULNERABLE = 50 / 3.6, 30 / 3.6  # m/s
VULNERABLE = frozenset({"person", "bicycle", "motorcycle"})


def risk_score(
    ttc: ArrayLike,
    pet: ArrayLike,
    effort: ArrayLike,
    relative_speed: ArrayLike,
    vulnerable: bool,
    parameters: Parameters,
) -> Floats:
    """The score of the module's docstring.

    Args:
        ttc, pet: s, inf or nan where there is none.
        effort: the larger of DRAC and braking, m/s^2.
        relative_speed: m/s.
        vulnerable: whether a pedestrian or rider is involved.
        parameters: for the thresholds of TTC and PET.

    Returns:
        As many numbers from 0 to 1 as the arguments hold.
    """
    near_ttc = 1 - np.nan_to_num(np.asarray(ttc, float), nan=np.inf) / parameters.ttc_sec
    near_pet = 1 - np.nan_to_num(np.asarray(pet, float), nan=np.inf) / parameters.pet_sec
    nearness = np.clip(np.maximum(near_ttc, near_pet), 0, 1)
    hard = np.clip(np.nan_to_num(np.asarray(effort, float)) / MOST_BRAKING, 0, 1)
    full = HARM_SPEED_VULNERABLE if vulnerable else HARM_SPEED
    harm = np.clip(np.asarray(relative_speed, float) / full, 0, 1)
    return WEIGHT_NEARNESS * nearness + WEIGHT_EFFORT * hard + WEIGHT_HARM * harm


def is_serious(score_low: ArrayLike, units: ArrayLike) -> NDArray[np.bool_]:
    """Whether an interaction may be called serious: High by the lower end of its interval, and
    measured in metres. One in pixels never is."""
    return (np.asarray(score_low, float) >= HIGH_FROM) & (np.asarray(units) == "m")
