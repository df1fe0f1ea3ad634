import numpy as np
import pytest
from scipy.optimize import brentq

from tasks.nearmiss.interactions.conflict_area import area_passing
from tasks.nearmiss.interactions.filters import (
    FILTERS,
    REJECTED_COLUMNS,
    Surroundings,
    apply_filters,
    verdicts,
)
from tasks.nearmiss.interactions.intervals import held_minimum
from tasks.nearmiss.interactions.meetings import find_interactions
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.plane import Plane
from tasks.nearmiss.interactions.points import from_points
from tasks.nearmiss.interactions.risk import is_serious, risk_score
from tasks.nearmiss.interactions.table import (
    INTERACTION_COLUMNS,
    find_candidates,
    interactions_table,
)
from tasks.nearmiss.interactions.trajectories import from_boxes
from tasks.nearmiss.scoring import HIGH_FROM

CAR = (4.4, 1.8, 1.55)


def braking(start, speed, at, rate):
    """Distance of a car that brakes to a stop at `rate` from a time on."""

    def along(times):
        run = np.clip(times - at, 0, speed / rate)
        return start + speed * np.minimum(times, at) + speed * run - rate * run**2 / 2

    return along


def results(tracks, units="m", parameters=None, names=None):
    found = from_points(tracks, units)
    candidates = find_candidates(found, parameters)
    kept, rejected = apply_filters(candidates, Surroundings.of(found), parameters, names)
    assert len(kept) + len(rejected) == len(candidates)
    return interactions_table(kept), rejected


def test_hard_braking_behind_a_standing_car_is_a_near_miss(points_of):
    tracks = points_of(
        ("car", lambda t: (0 * t, 0.0)),
        ("car", lambda t: (braking(-27.0, 12.0, 1.0, 7.0)(t), 0.0)),
    )
    kept, _ = results(tracks)
    (row,) = kept.to_dict("records")
    assert list(kept.columns) == INTERACTION_COLUMNS
    assert row["conflict_type"] == "rear-end"
    assert row["ttc_low_sec"] <= row["min_ttc_sec"] <= row["ttc_high_sec"]
    assert row["score_low"] <= row["risk_score"] <= row["score_high"]
    assert row["start_sec"] <= row["worst_sec"] <= row["end_sec"]
    assert row["min_distance"] > 0
    assert row["max_drac"] > 2.5


def test_gentle_stop_in_a_queue_is_none(points_of):
    tracks = points_of(
        ("car", lambda t: (0 * t, 0.0)),
        ("car", lambda t: (braking(-26.4, 8.0, 0.5, 2.0)(t), 0.0)),
    )
    kept, rejected = results(tracks)
    assert kept.empty
    assert rejected["filter"].tolist() == ["conflict"]
    assert "m/s^2" in rejected["reason"][0]
    assert list(rejected.columns) == REJECTED_COLUMNS


def test_short_post_encroachment_is_a_near_miss(points_of):
    tracks = points_of(
        ("car", lambda t: (-20 + 10 * t, 0.0)), ("person", lambda t: (0.0, -4.6 + 1.5 * t))
    )
    kept, _ = results(tracks)
    (row,) = kept.to_dict("records")
    # the car's rear leaves x = 0.3 at 2.25 s; the walker's front reaches y = -0.9 at 2.27 s
    assert row["vulnerable"]
    assert row["pet_sec"] < 0.3
    assert row["conflict_type"] == "crossing"


def test_wide_gap_is_none(points_of):
    tracks = points_of(
        ("car", lambda t: (-20 + 10 * t, 0.0)), ("person", lambda t: (0.0, -10 + 1.5 * t))
    )
    assert results(tracks)[0].empty


def test_cars_that_drive_away_have_no_ttc_on_the_ground(points_of):
    tracks = points_of(
        ("car", lambda t: (0.0, 30 + 10 * t)), ("car", lambda t: (0.0, 35 + 10 * t)), seconds=3
    )
    for each in find_candidates(from_points(tracks, "m")):
        assert np.isnan(each.row["min_ttc_sec"])
        assert not each.finding.is_near_miss


def test_two_pedestrians_count_only_when_asked_for(points_of):
    tracks = points_of(
        ("person", lambda t: (-6 + 2 * t, 0.0)), ("person", lambda t: (6 - 2 * t, 0.1))
    )
    assert find_candidates(from_points(tracks, "m")) == []
    asked = find_candidates(from_points(tracks, "m"), Parameters(pedestrian_pairs=True))
    assert len(asked) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_tracks_give_nothing(points_of, count):
    tracks = points_of(("car", lambda t: (10 * t, 0.0)))
    kept, rejected = results(tracks.iloc[: count * 20])
    assert kept.empty
    assert rejected.empty


def test_a_track_of_one_sight_does_no_harm(points_of):
    tracks = points_of(
        ("car", lambda t: (10 * t - 20, 0.0)), ("car", lambda t: (0 * t, 3.0)), seconds=4
    )
    single = (tracks["track_id"] == 2) & (tracks["frame_index"] != 50)
    kept, _ = results(tracks[~single])
    assert kept.empty


def test_standing_objects_are_stationary(points_of):
    tracks = points_of(
        ("car", lambda t: (np.maximum(-4 + 2 * t, 0), 0.0)), ("car", lambda t: (0 * t, 2.2))
    )
    found = from_points(tracks, "m")
    candidates = find_candidates(found)
    assert candidates
    for each in verdicts(candidates, Surroundings.of(found)):
        assert each
    still = from_points(
        points_of(("car", lambda t: (0 * t, 0.0)), ("car", lambda t: (0 * t, 2.2))), "m"
    )
    assert find_candidates(still) == []


def test_filters_can_be_switched_off_and_unknown_ones_are_told(points_of):
    tracks = points_of(
        ("car", lambda t: (10 * t, 0.0)), ("car", lambda t: (10 * t, 2.6)), seconds=4
    )
    _, rejected = results(tracks)
    assert rejected["filter"].tolist() == ["direction"]
    kept, _ = results(tracks, names=[])
    assert len(kept) == 1
    found = from_points(tracks, "m")
    with pytest.raises(ValueError, match="Unknown filter 'speed'"):
        apply_filters(find_candidates(found), Surroundings.of(found), names=["speed"])
    assert set(FILTERS) >= {"stationary", "duration", "direction", "confidence"}


def test_low_confidence_and_short_proximity(points_of):
    path = ("car", lambda t: (braking(-27.0, 12.0, 1.0, 7.0)(t), 0.0))
    tracks = points_of(("car", lambda t: (0 * t, 0.0)), path).assign(confidence=0.4)
    _, rejected = results(tracks)
    assert rejected["filter"].tolist() == ["confidence"]
    assert "0.40, below 0.5" in rejected["reason"][0]
    slow = points_of(("car", lambda t: (0 * t, 0.0)), path, fps=2)
    _, rejected = results(slow, parameters=Parameters(duration_frames=50))
    assert rejected["filter"].tolist() == ["duration"]


def test_rider_and_own_bicycle_are_one(plane, boxes_of):
    tracks = boxes_of(("bicycle", (-5.0, 14.0), (4.0, 0.0), (1.8, 0.6, 1.1)), seconds=2.4)
    rider = tracks.assign(track_id=2, **{"class": "person"})
    rider["y1"] -= 0.6 * (tracks["y2"] - tracks["y1"])
    rider["y2"] -= 0.2 * (tracks["y2"] - tracks["y1"])
    width = tracks["x2"] - tracks["x1"]
    rider["x1"], rider["x2"] = rider["x1"] + 0.3 * width, rider["x2"] - 0.3 * width
    found = from_boxes(np_concat(tracks, rider), plane)
    assert Surroundings.of(found).parts[2].kind == "rider"
    candidates = find_candidates(found)
    for each in verdicts(candidates, Surroundings.of(found)):
        assert "rider" in each


def test_second_box_on_a_truck_is_a_duplicate(plane, boxes_of):
    tracks = boxes_of(("truck", (-6.0, 16.0), (4.0, 0.0), (8.0, 2.5, 3.2)), seconds=2.4)
    cab = tracks.assign(track_id=2)
    cab["x1"] += 0.4 * (cab["x2"] - cab["x1"])
    found = from_boxes(np_concat(tracks, cab), plane)
    assert Surroundings.of(found).parts[2].kind == "duplicate"


def np_concat(*tables):
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def test_pixels_are_never_serious(plane, boxes_of):
    assert not is_serious([0.9], ["px"])[0]
    assert is_serious([0.9], ["m"])[0]
    assert not is_serious([0.5], ["m"])[0]
    tracks = boxes_of(
        ("car", (-9.0, 14.0), (8.0, 0.0), CAR),
        ("person", (1.5, 12.0), (0, 1.4), (0.6, 0.6, 1.75)),
        seconds=2,
    )
    found = find_candidates(from_boxes(tracks, Plane.of_picture((1280, 720))))
    table = interactions_table([each.row for each in found])
    assert set(table["units"]) <= {"px"}


def test_different_units_do_not_mix(points_of):
    tracks = points_of(("car", lambda t: (10 * t, 0.0)))
    with pytest.raises(ValueError, match="all be in metres"):
        find_candidates(from_points(tracks, "m") + from_points(tracks, "px"))


def test_risk_rises_with_danger():
    near, far = (risk_score(t, np.nan, 6.0, 10.0, True, Parameters()) for t in (0.4, 1.6))
    assert 0 <= far < near <= 1
    assert risk_score(np.inf, np.nan, 0.0, 0.0, False, Parameters()) == 0


def test_a_level_is_that_of_the_score_in_the_table(points_of):
    """The ttc_sec is looked for that brings the score just below an edge, where rounding lifts
    it."""
    tracks = points_of(
        ("car", lambda t: (0 * t, 0.0)),
        ("car", lambda t: (braking(-27.0, 12.0, 1.0, 7.0)(t), 0.0)),
    )
    trajectories = from_points(tracks, "m")

    def score(ttc_sec):
        (found,) = find_candidates(trajectories, Parameters(ttc_sec=ttc_sec))
        return found.row["risk_score"]

    aim = HIGH_FROM - 2e-5
    ttc_sec = brentq(lambda ttc_sec: score(ttc_sec) - aim, 1.2, 1.5, xtol=1e-7)
    assert aim - 2e-5 < score(ttc_sec) < HIGH_FROM
    kept, rejected = find_interactions(
        trajectories,
        preset="default",
        thresholds={"ttc_sec": ttc_sec},
        disabled_filters=[],
        pedestrian_pairs=False,
    )
    (row,) = [*kept.to_dict("records"), *rejected.to_dict("records")]
    assert (row["risk_score"], row["risk_level"]) == (HIGH_FROM, "High")


def test_held_minimum_passes_over_one_noisy_moment():
    assert held_minimum(np.array([3, 3, 0.1, 3, 3.0])) == 3.0
    assert held_minimum(np.array([3, 1, 1, 1, 3.0])) == 1.0
    assert held_minimum(np.array([1.0])) == np.inf


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="ttc_sec"):
        Parameters(ttc_sec=-1)


def test_area_passing_at_a_right_angle():
    times = np.arange(0, 6, 0.02)
    zero = np.zeros_like(times)
    one = np.column_stack([10 * times - 20, zero])
    two = np.column_stack([zero, 5 * times - 20])
    east, north = (np.tile(each, (len(times), 1)) for each in ([1.0, 0.0], [0.0, 1.0]))
    leave, enter = area_passing(
        (times, times), (one, two), (east, north), ((4, 2), (4, 2)), np.zeros(2), 1
    )
    assert leave == pytest.approx(2 + 0.3, abs=0.03)  # rear at x = 1
    assert enter == pytest.approx(4 - 0.6, abs=0.05)  # front at y = -1


def test_area_passing_is_undefined_when_both_are_inside():
    times = np.arange(0, 6, 0.02)
    zero = np.zeros_like(times)
    one = np.column_stack([times - 3, zero])
    two = np.column_stack([zero, times - 3])
    east, north = (np.tile(each, (len(times), 1)) for each in ([1.0, 0.0], [0.0, 1.0]))
    assert (
        area_passing((times, times), (one, two), (east, north), ((4, 2), (4, 2)), np.zeros(2), 1)
        is None
    )
