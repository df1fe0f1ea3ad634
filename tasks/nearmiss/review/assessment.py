"""A written assessment of a candidate, composed from its values alone.

It says what the numbers speak for, so that a person looks at the right thing; it decides nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.nearmiss.review.evidence import (
    METRES,
    duration,
    finite,
    length,
    moment,
    number,
    ranged,
    speed,
)
from tasks.nearmiss.scoring import risk_level

# Hayward (1972) and most later work call a conflict serious below 1.5 s.
SERIOUS_TTC_SEC = 1.5
# Allen et al. (1978); the usual limit of studies of post-encroachment time.
SERIOUS_PET_SEC = 1.5
# Archer (2005): drivers brake comfortably up to about 3.35 m/s².
COMFORTABLE_BRAKING = 3.35
# Slower than a slow walk, in m/s.
STANDING_M_S = 0.5
# Of the stationary filter: pixels a frame.
STANDING_PX_FRAME = 5.0
SHORT_SEC = 0.25
SAME_DIRECTION_DEG = 30.0
SIMILAR_SPEED = 0.2  # share of the faster one's

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Assessment:
    """What the values say.

    Attributes:
        verdict: for a kept candidate how strong the evidence is, for a rejected one whether the
            filter's values convince.
        sentences: the reasons.
    """

    verdict: str
    sentences: list[str]


def assess(row: Row) -> Assessment:
    """Assess a kept interaction, or a rejected candidate (one with a `filter`)."""
    if isinstance(row.get("filter"), str):
        return _assess_rejected(row)
    return _assess_kept(row)


def _assess_kept(row: Row) -> Assessment:
    signs = _signs(row)
    said = _sentence(signs) if signs else "No measure is in the range that is called serious."
    if row["units"] != METRES:
        verdict = "Uncertain evidence."
        said += " All of it is in pixels: without a calibration the ground may say otherwise."
    else:
        verdict = ("Weak evidence.", "Some evidence.", "Strong evidence.")[min(len(signs), 2)]
    return Assessment(verdict, [said, *_meeting(row), *_certainty(row)])


def _signs(row: Row) -> list[str]:
    """What speaks for a serious conflict even at the harmless end of the interval."""
    ttc = row["ttc_high_sec"] if finite(row["ttc_high_sec"]) else row["min_ttc_sec"]
    signs = []
    if finite(ttc) and ttc < SERIOUS_TTC_SEC:
        signs.append(
            f"the time to collision fell below {SERIOUS_TTC_SEC:g} s over its whole interval"
            if finite(row["ttc_high_sec"])
            else f"the time to collision fell below {SERIOUS_TTC_SEC:g} s"
        )
    if finite(row["pet_sec"]) and row["pet_sec"] < SERIOUS_PET_SEC:
        signs.append(f"one was where the other had been {number(row['pet_sec'], 1)} s before")
    drac = row["max_drac"] if row["units"] == METRES else None
    if finite(drac) and drac > COMFORTABLE_BRAKING:
        signs.append(f"comfortable braking (up to {COMFORTABLE_BRAKING:g} m/s²) was not enough")
    return signs


def _meeting(row: Row) -> list[str]:
    """What happened, sentence by sentence; what is not known is left out."""
    first, second = row["class_1"], row["class_2"]
    who = f"The two {_plural(first)}" if first == second else f"The {first} and the {second}"
    units, ttc, sentences = row["units"], row["min_ttc_sec"], []
    near = length(row["min_distance"], units)
    came = f"{who} came within {near} of each other" if near else f"{who} met"
    came = f"{who} touched or overlapped" if row["min_distance"] == 0 else came
    came += "" if units == METRES else " in the picture"
    at = f" at {moment(row['worst_sec'])}" if finite(row["worst_sec"]) else ""
    if ttc == 0:
        sentences.append(f"{came}; the time to collision fell to zero{at}.")
    elif finite(ttc):
        span = ranged(ttc, row["ttc_low_sec"], row["ttc_high_sec"], 1).replace(" (", " s away (", 1)
        away = span if "(" in span else f"{span} s away"
        sentences.append(f"{came}; at the speeds they had, contact was {away}{at}.")
    elif ttc == math.inf:
        sentences.append(f"{came}; they were never on course to touch.")
    else:
        sentences.append(f"{came}{at}; the time to collision is not known.")
    speeds = [speed(row[name], units) for name in ("speed_1", "speed_2")]
    if all(speeds):
        sentences.append(f"They moved at {speeds[0]} and {speeds[1]}.")
    if finite(row["conflict_angle_deg"]):
        angle = f"{row['conflict_angle_deg']:.0f}°"
        sentences.append(f"Their headings were {angle} apart ({row['conflict_type']}).")
    if finite(row["pet_sec"]):
        sentences.append(
            f"The second reached the common place {number(row['pet_sec'], 1)} s after the first "
            "had left it."
        )
    if units == METRES and finite(row["max_drac"]):
        sentences.append(f"To avoid contact one had to brake at {row['max_drac']:.1f} m/s².")
    return sentences


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _sentence(parts: list[str]) -> str:
    text = _joined(parts)
    return f"{text[0].upper()}{text[1:]}."


def _plural(name: str) -> str:
    return {"person": "people", "bus": "buses"}.get(name, f"{name}s")


def _certainty(row: Row) -> list[str]:
    """Whether the level survives its own interval."""
    low, high = row["score_low"], row["score_high"]
    if not (finite(low) and finite(high)):
        return ["How certain the score is, is not known."]
    span = f"The score lies between {low:.2f} and {high:.2f}"
    level = row["risk_level"]
    if not finite(row["risk_score"]) or risk_level(row["risk_score"]) != level:
        return [f"{span}."]  # the level does not come from the score alone
    others = sorted({risk_level(low), risk_level(high)} - {level})
    if others:
        return [f"{span}: it may as well be {' or '.join(others)}."]
    return [f"{span}: {level} over the whole interval."]


def _assess_rejected(row: Row) -> Assessment:
    name = row["filter"].lower()
    judge = next((judge for key, judge in _JUDGES.items() if key in name), _unknown)
    convinces, sentence = judge(row)
    verdict = {
        True: "The rejection convinces.",
        False: "The rejection does not convince.",
        None: "The values do not settle it.",
    }[convinces]
    sentences = [sentence, *_meeting(row)]
    signs = _signs(row) if row["units"] == METRES else []
    if signs and convinces:
        verdict = "The rejection convinces, with a reservation."
        sentences.append(f"Yet {_joined(signs)}: look whether that is real.")
    return Assessment(verdict, sentences)


Judgement = tuple[bool | None, str]


def _stationary(row: Row) -> Judgement:
    fastest, limit = _fastest(row), _standing_limit(row)
    if fastest is None or limit is None:
        return None, "How fast they moved is not known, so standing still cannot be confirmed."
    text = speed(fastest, row["units"])
    if fastest <= limit:
        return True, f"Neither moved faster than {text}, which is standing still."
    return False, f"One moved at {text} at the worst moment, which is not standing still."


def _duration(row: Row) -> Judgement:
    lasted = duration(row)
    if not finite(lasted):
        return None, "How long it lasted is not known."
    text = f"They were near each other for {lasted:.2f} s"
    if lasted > SHORT_SEC:
        return (
            False,
            f"{text}, longer than boxes flicker: at few frames a second a real pass has few too.",
        )
    if finite(row["min_ttc_sec"]) and row["min_ttc_sec"] < SERIOUS_TTC_SEC:
        return None, f"{text}: boxes flicker so briefly, but a fast pass is short too."
    return True, f"{text}, too short for road users who meet, and as boxes flicker."


def _direction(row: Row) -> Judgement:
    angle, ttc = row["conflict_angle_deg"], row["min_ttc_sec"]
    if not finite(angle):
        return None, "The angle between their headings is not known."
    text = f"Their headings differ by {angle:.0f}°"
    if angle > SAME_DIRECTION_DEG:
        return False, f"{text}, which is not the same direction."
    if finite(ttc) and ttc < SERIOUS_TTC_SEC:
        return (
            False,
            f"{text}, but they closed in: contact was {ttc:.1f} s away, as in a rear-end conflict.",
        )
    return True, f"{text} and they hardly closed in: they drove in convoy or side by side."


def _confidence(row: Row) -> Judgement:
    low, high = row["ttc_low_sec"], row["ttc_high_sec"]
    if finite(low) and finite(high) and high < SERIOUS_TTC_SEC:
        return (
            False,
            f"A box was uncertain, but the time to collision is not: {low:.1f} to {high:.1f} s.",
        )
    if finite(low):
        return True, "A box was uncertain, and so is the time to collision that comes from it."
    return None, "A box was uncertain; what that does to the values is not known."


def _same_object(row: Row) -> Judgement:
    same = row["class_1"] == row["class_2"]
    text = "Both are of one class" if same else f"One is a {row['class_1']}, one a {row['class_2']}"
    together = _move_together(row)
    if together is None:
        return None, f"{text}; whether they move as one is not known."
    if together:
        # Detectors often give one object two classes.
        return True, f"{text} and both move at one speed, as one road user seen twice does."
    return False, f"{text}, but they move at different speeds: one road user cannot."


def _carried(row: Row) -> Judgement:
    together = _move_together(row)
    who = f"The {row['class_1']} and the {row['class_2']}"
    if together is None:
        return None, f"{who} may belong together; whether they move as one is not known."
    if together:
        return True, f"{who} move at one speed, as people and what carries them do."
    return False, f"{who} move at different speeds, so neither carries the other."


def _unknown(row: Row) -> Judgement:
    return None, "For this filter there is no rule of thumb; judge by its reason and the picture."


_JUDGES: dict[str, Callable[[Row], Judgement]] = {
    "station": _stationary,
    "duration": _duration,
    "direction": _direction,
    "confidence": _confidence,
    "duplicate": _same_object,
    "split": _same_object,
    "switch": _same_object,
    "rider": _carried,
    "passenger": _carried,
}


def _fastest(row: Row) -> float | None:
    speeds = [row[name] for name in ("speed_1", "speed_2")]
    return max(speeds) if all(finite(value) for value in speeds) else None


def _standing_limit(row: Row) -> float | None:
    """In metres or pixels a second; the frame rate is taken from the row itself."""
    if row["units"] == METRES:
        return STANDING_M_S
    lasted, edges = duration(row), (row["start_frame"], row["end_frame"])
    if not (finite(lasted) and all(finite(edge) for edge in edges)):
        return None
    frames = edges[1] - edges[0]
    return STANDING_PX_FRAME * frames / lasted if lasted > 0 and frames > 0 else None


def _move_together(row: Row) -> bool | None:
    speeds = [row[name] for name in ("speed_1", "speed_2")]
    if not all(finite(value) for value in speeds):
        return None
    limit = _standing_limit(row) or 0.0
    return abs(speeds[0] - speeds[1]) <= max(SIMILAR_SPEED * max(speeds), limit)
