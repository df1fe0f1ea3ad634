"""The written assessments follow from the values."""

import itertools
import math

import pytest
from review_data import candidate, interaction

from tasks.nearmiss.review.assessment import assess
from tasks.nearmiss.review.evidence import is_true, ranged, table_of

FILTERS = [
    "stationary", "duration", "direction", "confidence", "duplicate", "track_split",
    "identity_switch", "rider", "passengers", "something new",
]  # fmt: skip


def text(row):
    found = assess(row)
    return " ".join([found.verdict, *found.sentences])


def test_a_kept_ones_numbers_become_sentences():
    said = text(interaction("k1"))
    assert (
        "The car and the person came within 1.2 m of each other; at the speeds they had, contact "
        "was 0.8 s away (0.6 to 1.1) at 00:05.0." in said
    )
    assert "They moved at 32 km/h and 5 km/h." in said
    assert "To avoid contact one had to brake at 4.2 m/s²." in said
    assert "High over the whole interval" in said
    assert said.startswith("Strong evidence")


def test_harmless_values_are_weak_evidence():
    row = interaction(
        "k1", min_ttc_sec=2.8, ttc_low_sec=2.2, ttc_high_sec=3.5, pet_sec=math.nan, max_drac=1.0
    )
    assert assess(row).verdict.startswith("Weak evidence")


def test_the_harmless_end_of_the_interval_counts():
    row = interaction("k1", ttc_high_sec=1.9, pet_sec=3.0, max_drac=1.0)
    assert assess(row).verdict.startswith("Weak evidence")


def test_pixels_are_never_strong_evidence():
    said = text(interaction("k1", units="px", min_distance=43.0))
    assert said.startswith("Uncertain evidence.")
    assert "within 43 px of each other in the picture" in said
    assert "m/s²" not in said
    assert "km/h" not in said


def test_never_on_course_is_not_the_same_as_not_known():
    assert "never on course to touch" in text(interaction("k1", min_ttc_sec=math.inf))
    said = text(interaction("k1", min_ttc_sec=math.nan))
    assert "time to collision is not known" in said
    assert "never on course" not in said


def test_a_level_that_its_interval_does_not_hold_is_said_to_be_open():
    assert "it may as well be Medium" in text(interaction("k1", score_low=0.6))


@pytest.mark.parametrize(
    ("by", "values", "verdict"),
    [
        ("stationary", {"speed_1": 0.1, "speed_2": 0.0}, "convinces, with a reservation"),
        ("stationary", {"speed_1": 4.0}, "does not convince"),
        ("stationary", {"speed_1": math.nan}, "do not settle"),
        ("duration", {"end_sec": 4.6, "min_ttc_sec": 3.0}, "convinces"),
        ("duration", {"end_sec": 4.6}, "do not settle"),
        ("duration", {"end_sec": 5.2}, "does not convince"),
        ("direction", {"conflict_angle_deg": 5.0, "min_ttc_sec": math.inf}, "convinces"),
        ("direction", {"conflict_angle_deg": 5.0}, "does not convince"),
        ("direction", {"conflict_angle_deg": 80.0}, "does not convince"),
        ("confidence", {"ttc_high_sec": 4.0}, "convinces"),
        ("confidence", {}, "does not convince"),
        ("duplicate", {"speed_1": 5.0, "speed_2": 5.1}, "convinces"),
        ("duplicate", {}, "does not convince"),
        ("rider", {"class_2": "bicycle", "speed_1": 5.0, "speed_2": 5.3}, "convinces"),
        ("rider", {}, "does not convince"),
    ],
)
def test_a_rejection_is_judged_by_its_values(by, values, verdict):
    quiet = {"pet_sec": math.nan, "max_drac": math.nan}
    assert verdict in assess(candidate("r1", by, **{**quiet, **values})).verdict


def test_standing_in_pixels_is_measured_in_pixels_a_frame():
    # 25 frames a second: 5 px a frame are 125 px/s
    slow = candidate("r1", "stationary", units="px", speed_1=110.0, speed_2=20.0)
    fast = candidate("r1", "stationary", units="px", speed_1=140.0, speed_2=20.0)
    assert "convinces" in assess(slow).verdict
    assert "does not convince" in assess(fast).verdict


NUMBERS = [
    "start_frame", "end_frame", "start_sec", "end_sec", "worst_frame", "worst_sec", "min_ttc_sec",
    "ttc_low_sec", "ttc_high_sec", "pet_sec", "max_drac", "min_distance", "speed_1", "speed_2",
    "conflict_angle_deg", "risk_score", "score_low", "score_high",
]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, None, 0.0])
@pytest.mark.parametrize("units", ["m", "px"])
def test_no_value_is_shown_as_nan_or_none(value, units):
    for by, name in itertools.product([None, *FILTERS], [*NUMBERS, "all"]):
        gone = dict.fromkeys(NUMBERS if name == "all" else [name], value)
        row = interaction("k1", units=units, **gone)
        row = row if by is None else {**row, "filter": by, "reason": "x"}
        said = text(row) + str(table_of(row))
        for word in ("nan", "None", "inf "):
            assert word not in said


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.8, 0.6, 1.1, "0.80 (0.60 to 1.10)"),
        (0.8, math.nan, math.nan, "0.80"),
        (0.8, 0.6, math.inf, "0.80 (0.60 or more)"),
        (math.nan, 0.6, 1.1, ""),
    ],
)
def test_intervals_are_written_as_far_as_they_are_known(value, low, high, said):
    assert ranged(value, low, high, 2) == said


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), ("False", False), ("true", True), (math.nan, False)]
)
def test_truth_survives_a_csv(value, truth):
    assert is_true(value) is truth
