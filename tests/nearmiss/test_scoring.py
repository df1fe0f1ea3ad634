"""Formulas and edge cases of the near-miss criteria."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.scoring import (
    EVENT_COLUMNS,
    NearMissDetector,
    boxes_overlap,
    closing_speed,
    events_table,
    heading_degrees,
    objects_by_frame,
    risk_level,
    risk_score,
    score_tracks,
    time_to_collision,
)

THRESHOLDS = {
    "proximity_threshold": 100.0,
    "ttc_threshold": 2.0,
    "closing_speed_threshold": 100.0,
}


def seen(x: float, y: float, name: str = "car", size: float = 20.0) -> dict:
    half = size / 2
    return {
        "class": name,
        "bbox": [x - half, y - half, x + half, y + half],
        "center": (x, y),
        "confidence": 0.9,
    }


def drive(detector: NearMissDetector, paths: dict, frames: range, fps: float = 10.0) -> list[dict]:
    """Run objects along functions of time; returns the events as they were raised."""
    raised = []
    for frame in frames:
        objects = {i: seen(*path(frame / fps)) for i, path in paths.items()}
        raised += detector.process_frame(frame, objects, frame / fps)
    return raised


@pytest.mark.parametrize(
    ("box_1", "box_2", "expected"),
    [
        ([0, 0, 10, 10], [5, 5, 15, 15], True),
        ([0, 0, 10, 10], [2, 2, 4, 4], True),
        ([0, 0, 10, 10], [10, 0, 20, 10], False),  # they only touch
        ([0, 0, 10, 10], [0, 20, 10, 30], False),
        ([0, 0, 0, 0], [0, 0, 10, 10], False),  # no area
    ],
)
def test_boxes_overlap(box_1, box_2, expected):
    assert boxes_overlap(box_1, box_2) is expected
    assert boxes_overlap(box_2, box_1) is expected


@pytest.mark.parametrize(
    ("center_2", "velocity_1", "velocity_2", "expected"),
    [
        ((100, 0), (10, 0), (-5, 0), 15),  # head-on
        ((100, 0), (10, 0), (10, 0), 0),  # same speed
        ((100, 0), (-10, 0), (10, 0), -20),  # apart
        ((100, 0), (0, 10), (0, 10), 0),  # side by side
        ((30, 40), (3, 4), (0, 0), 5),  # along the line of centres
        ((0, 0), (3, 4), (0, 0), 5),  # one on the other: their relative speed
    ],
)
def test_closing_speed(center_2, velocity_1, velocity_2, expected):
    assert closing_speed((0, 0), velocity_1, center_2, velocity_2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("distance", "closing", "expected"),
    [(100, 50, 2), (100, 0, math.inf), (100, -50, math.inf), (0, -50, 0), (0, 0, 0)],
)
def test_time_to_collision(distance, closing, expected):
    assert time_to_collision(distance, closing) == expected


@pytest.mark.parametrize(
    ("distance", "ttc", "closing", "expected"),
    [
        (0, 0, 200, 1.0),
        (100, 2, 0, 0.0),
        (50, 1, 100, 0.2 + 0.2 + 0.1),
        (1000, math.inf, -50, 0.0),  # everything clipped at its harmless end
        (0, 0, 1e9, 1.0),  # everything clipped at its harmful end
        (25, math.inf, 0, 0.3),
    ],
)
def test_risk_score_is_the_weighted_sum_of_clipped_parts(distance, ttc, closing, expected):
    assert risk_score(distance, ttc, closing, **THRESHOLDS) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (1, "High"),
        (0.7, "High"),
        (0.69997, "High"),  # a table says 0.7
        (0.6999, "Medium"),
        (0.4, "Medium"),
        (0.39997, "Medium"),
        (0.3999, "Low"),
        (0, "Low"),
    ],
)
def test_risk_level_edges(score, level):
    assert risk_level(score) == level


@pytest.mark.parametrize(
    ("velocity", "degrees"),
    [((1, 0), 0), ((0, -1), 90), ((-1, 0), 180), ((0, 1), 270), ((1, -1), 45)],
)
def test_heading_is_counter_clockwise_from_the_right(velocity, degrees):
    assert heading_degrees(velocity) == pytest.approx(degrees)


def test_heading_of_a_standing_object_is_undefined():
    assert math.isnan(heading_degrees((0.0, 0.0)))


def test_head_on_pair_raises_an_event_with_its_values():
    detector = NearMissDetector()
    paths = {1: lambda t: (100 * t, 0), 2: lambda t: (400 - 100 * t, 0)}
    events = drive(detector, paths, range(0, 8))
    assert len(events) == 1
    first = events[0]
    # At frame 0 nothing moves yet; from frame 1 on the pair closes at 200 px/s from 380 px.
    assert first["first_frame_index"] == 1
    assert first["closing_speed_px_s"] == pytest.approx(200)
    # The values are those of the riskiest moment, the last frame: 400 - 2 * 70 px apart.
    assert first["frame_index"] == 7
    assert first["distance_px"] == pytest.approx(260)
    assert first["ttc_sec"] == pytest.approx(1.3)
    assert (first["object_id_1"], first["object_id_2"]) == (1, 2)
    assert first["heading_1_deg"] == pytest.approx(0)
    assert first["heading_2_deg"] == pytest.approx(180)
    assert first["is_short_ttc"]
    assert first["is_closing_fast"]
    assert not first["is_near"]


@pytest.mark.parametrize(
    ("speed", "start_gap", "expected"),
    [
        (20, 60, 1),  # near, TTC 60 / 20 = 3 s at first, below 2 s from 40 px on
        (20, 300, 0),  # far and slow
        (0, 60, 0),  # near only
        (150, 290, 1),  # fast and soon
        (150, 900, 0),  # fast only
        (-50, 60, 0),  # near but moving apart
    ],
)
def test_two_of_three_criteria_are_needed(speed, start_gap, expected):
    detector = NearMissDetector()
    paths = {1: lambda t: (0, 0), 2: lambda t: (start_gap - speed * t, 0)}
    assert len(drive(detector, paths, range(0, 12))) == expected


def test_criteria_count_with_numpy_numbers_too():
    """The sum of two true numpy booleans is one, which once lost every such event."""
    detector = NearMissDetector()
    paths = {
        1: lambda t: (np.float64(0), np.float64(0)),
        2: lambda t: (np.float64(290 - 150 * t), np.float64(0)),
    }
    assert len(drive(detector, paths, range(0, 5))) == 1


def test_a_pair_raises_no_event_within_the_cooldown():
    detector = NearMissDetector(cooldown_frames=30)
    paths = {1: lambda t: (0, 0), 2: lambda t: (50 + 5 * math.sin(9 * t), 0)}
    for frame in range(0, 100):
        objects = {i: seen(*path(frame / 10)) for i, path in paths.items()}
        detector.process_frame(frame, objects, frame / 10)
    firsts = [event["first_frame_index"] for event in detector.events]
    assert len(firsts) >= 2
    assert all(later - earlier >= 30 for earlier, later in itertools.pairwise(firsts))


def test_an_event_takes_the_values_of_its_riskiest_moment():
    detector = NearMissDetector()
    paths = {1: lambda t: (0, 0), 2: lambda t: (350 - 150 * t, 40)}
    events = drive(detector, paths, range(0, 25))
    assert len(events) == 1
    alone = NearMissDetector(cooldown_frames=0)
    drive(alone, paths, range(0, 25))
    assert events[0]["risk_score"] == max(event["risk_score"] for event in alone.events)


def test_the_cooldown_is_a_pair_s_own():
    detector = NearMissDetector()
    paths = {
        1: lambda t: (0, 0),
        2: lambda t: (290 - 150 * t, 0),
        3: lambda t: (-290 + 150 * t, 0),
    }
    events = drive(detector, paths, range(0, 6))
    assert {(e["object_id_1"], e["object_id_2"]) for e in events} == {(1, 2), (1, 3), (2, 3)}


@pytest.mark.parametrize("objects", [{}, {7: seen(0, 0)}])
def test_no_object_or_one_object_raises_nothing(objects):
    detector = NearMissDetector()
    assert detector.process_frame(0, objects) == []
    assert detector.process_frame(1, objects) == []


def test_no_time_between_frames_is_no_infinite_speed():
    detector = NearMissDetector()
    detector.process_frame(0, {1: seen(0, 0), 2: seen(300, 0)}, 0.0)
    assert detector.process_frame(1, {1: seen(0, 0), 2: seen(120, 0)}, 0.0) == []


def test_time_comes_from_fps_where_none_is_given():
    slow, fast = NearMissDetector(fps=10), NearMissDetector(fps=60)
    for detector in (slow, fast):
        for frame in range(3):
            detector.process_frame(frame, {1: seen(0, 0), 2: seen(300 - 12 * frame, 0)})
    assert slow.events == []  # 276 px at 120 px/s: 2.3 s
    assert fast.events  # the same places at 720 px/s


def test_slow_drift_is_measured_over_a_span_not_between_two_frames():
    """Jitter of 2 px between two frames at 25 fps would read as 50 px/s."""
    rng = np.random.default_rng(1)
    detector = NearMissDetector()
    for frame in range(0, 200, 2):
        jitter = rng.normal(0, 1.0, 4)
        objects = {
            1: seen(0 + jitter[0], 0 + jitter[1]),
            2: seen(90 + jitter[2], 0 + jitter[3]),
        }
        detector.process_frame(frame, objects, frame / 25)
    assert detector.events == []


def test_an_object_unseen_for_long_starts_with_no_speed():
    detector = NearMissDetector()
    detector.process_frame(0, {1: seen(0, 0), 2: seen(1000, 0)}, 0.0)
    assert detector.process_frame(50, {1: seen(0, 0), 2: seen(150, 0)}, 5.0) == []


def test_an_object_that_has_disappeared_is_passed_over():
    detector = NearMissDetector()
    gone = seen(10, 0) | {"disappeared": 3}
    for frame in range(5):
        assert detector.process_frame(frame, {1: seen(60 - 9 * frame, 0), 2: gone}) == []


def test_pairs_of_pedestrians_are_counted_but_not_listed_where_unwanted():
    paths = {1: lambda t: (0, 0), 2: lambda t: (290 - 150 * t, 0)}
    people = {i: (lambda t, p=path: (*p(t), "person")) for i, path in paths.items()}
    detector = NearMissDetector(pedestrian_pairs=False)
    assert drive(detector, people, range(0, 6)) == []
    assert detector.skipped_pedestrian_pairs == 1
    assert len(drive(NearMissDetector(), people, range(0, 6))) == 1


def test_events_table_has_the_columns_in_order_of_time_even_when_empty():
    assert list(events_table([]).columns) == EVENT_COLUMNS
    detector = NearMissDetector()
    drive(detector, {1: lambda t: (0, 0), 2: lambda t: (290 - 150 * t, 0)}, range(0, 6))
    table = events_table(detector.events * 2)
    assert table["timestamp_sec"].is_monotonic_increasing
    assert EVENT_COLUMNS[:10] == [
        "frame_index",
        "timestamp_sec",
        "object_id_1",
        "object_id_2",
        "class_1",
        "class_2",
        "distance_px",
        "ttc_sec",
        "risk_score",
        "risk_level",
    ]


def test_score_tracks_equals_the_detector_frame_by_frame():
    rows = []
    for frame in range(0, 40, 2):
        for track_id, x in ((3, 0.0), (5, 290 - 150 * frame / 20)):
            half = 10
            rows.append((frame, frame / 20, track_id, "car", x - half, -half, x + half, half, x, 0))
    columns = ["frame_index", "timestamp_sec", "track_id", "class", "x1", "y1", "x2", "y2"]
    tracks = pd.DataFrame(rows, columns=[*columns, "center_x", "center_y"])
    frames = pd.DataFrame(
        {
            "frame_index": range(40),
            "timestamp_sec": np.arange(40) / 20,
            "processed": [index % 2 == 0 for index in range(40)],
        }
    )
    table = score_tracks(frames, tracks, NearMissDetector())
    by_hand = NearMissDetector()
    for index, time, objects in objects_by_frame(frames, tracks):
        by_hand.process_frame(index, objects, time)
    assert len(table) == len(by_hand.events) >= 1
    assert table["risk_score"].iloc[0] == pytest.approx(by_hand.events[0]["risk_score"], abs=1e-4)
