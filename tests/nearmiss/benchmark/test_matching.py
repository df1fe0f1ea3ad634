"""The same near-miss is found again by time and place, whatever its ids."""

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.benchmark.matching import (
    Matched,
    NearMiss,
    Path,
    match_near_misses,
    match_objects,
    same_boxes,
)
from tasks.nearmiss.benchmark.passes import Found
from tasks.nearmiss.detection import DetectionSummary


def moving(x: float, speed: float, times=(0.0, 1.0, 2.0)) -> Path:
    """A box of 40 x 40 that goes to the right."""
    left = x + speed * np.array(times)
    return Path(np.array(times), np.column_stack([left, left * 0, left + 40, left * 0 + 40]))


def near_miss(start=0.5, end=1.5, shift=0.0, swapped=False) -> NearMiss:
    users = (moving(0 + shift, 50), moving(200 + shift, -50))
    return NearMiss(start, end, (start + end) / 2, users[::-1] if swapped else users)


def test_the_same_moment_and_boxes_are_the_same_near_miss_in_either_order():
    assert same_boxes(near_miss(), near_miss()) == pytest.approx(1)
    assert same_boxes(near_miss(), near_miss(swapped=True)) == pytest.approx(1)


@pytest.mark.parametrize("late", [0.0, 0.1, 1.5, 3.0])
def test_a_near_miss_whose_first_user_has_left_before_the_worst_moment_matches_itself(late):
    """By its PET: the worst moment is the arrival of the second, the first's track ends earlier."""
    crossing = NearMiss(2.0, 2.0 + late, 2.0 + late, (moving(0, 50), moving(200, -50, (2.0, 6.0))))
    assert same_boxes(crossing, crossing) == pytest.approx(1)
    assert match_near_misses([crossing], [crossing]).both == 1


def test_a_track_seen_in_other_frames_is_compared_between_them():
    coarse = NearMiss(0.5, 1.5, 0.9, (moving(0, 50, (0.0, 2.0)), moving(200, -50, (0.0, 2.0))))
    assert same_boxes(near_miss(), coarse) == pytest.approx(1)


@pytest.mark.parametrize(
    "other",
    [
        near_miss(shift=30),  # IoU 10 / 70
        near_miss(start=2.1, end=2.2),  # half a second after the first has ended, and more
        NearMiss(0.5, 1.5, 1.0, (moving(0, 50), moving(0, 50))),  # one of the two is another
        NearMiss(0.5, 1.5, 1.0, (moving(0, 50), moving(200, -50, (5.0, 6.0)))),  # gone by then
    ],
)
def test_another_place_time_or_road_user_is_another_near_miss(other):
    assert match_near_misses([near_miss()], [other]).both == 0


def test_one_finding_answers_for_one_of_the_reference_only():
    assert match_near_misses([near_miss(), near_miss()], [near_miss()]) == Matched(2, 1, 1)
    assert match_near_misses([], [near_miss()]) == Matched(0, 1, 0)


def found(rows: list[tuple], processed: tuple[int, ...]) -> Found:
    columns = ["frame_index", "class", "x1", "y1", "x2", "y2"]
    frames = pd.DataFrame({"frame_index": range(4)})
    frames["processed"] = frames["frame_index"].isin(processed)
    nothing = pd.DataFrame()
    return Found(
        frames=frames,
        detections=pd.DataFrame(rows, columns=columns),
        sights=nothing,
        tracks=nothing,
        events=nothing,
        interactions=nothing,
        rejected=0,
        scale="",
        summary=DetectionSummary(),
    )


def test_objects_are_compared_by_category_and_overlap_in_shared_frames():
    reference = found(
        [
            (0, "car", 0, 0, 10, 10),
            (0, "person", 50, 50, 60, 70),
            (1, "car", 0, 0, 10, 10),  # the other side skips this frame
            (2, "car", 0, 0, 10, 10),
        ],
        processed=(0, 1, 2, 3),
    )
    candidate = found(
        [
            (0, "truck", 1, 0, 11, 10),  # a vehicle too
            (0, "car", 50, 50, 60, 70),  # no pedestrian
            (2, "car", 6, 0, 16, 10),  # IoU 4 / 16
        ],
        processed=(0, 2),
    )
    assert match_objects(reference, candidate) == Matched(reference=3, candidate=3, both=1)
