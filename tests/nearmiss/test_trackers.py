"""Identity over time, for all three trackers."""

from collections import OrderedDict

import numpy as np
import pytest

from tasks.nearmiss.trackers import REGISTRY, CentroidTracker, make_tracker


def box(x: float, y: float, name: str = "car", size: float = 40, confidence: float = 0.9) -> dict:
    return {
        "id": None,
        "class": name,
        "bbox": [x, y, x + size, y + size],
        "confidence": confidence,
        "center": (x + size / 2, y + size / 2),
    }


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_two_objects_keep_their_ids_and_have_the_common_form(name):
    tracker = make_tracker(name, max_disappeared=10)
    for frame in range(20):
        objects = tracker.update([box(5 * frame, 0), box(300 - 5 * frame, 200)], frame * 2)
    assert isinstance(objects, OrderedDict)
    assert len(objects) == 2
    for seen in objects.values():
        assert {"class", "bbox", "center", "confidence"} <= set(seen)
    lefts = sorted(seen["bbox"][0] for seen in objects.values())
    assert lefts == pytest.approx([95, 205])


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_trajectories_hold_frame_index_and_centre(name):
    tracker = make_tracker(name, max_disappeared=10)
    for frame in range(10):
        objects = tracker.update([box(5 * frame, 0)], frame_index=3 * frame)
    (object_id,) = objects
    assert tracker.trajectories[object_id][-1] == (27, pytest.approx(65), pytest.approx(20))
    assert len(tracker.trajectories[object_id]) >= 7


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_the_class_of_an_object_is_its_most_frequent_one(name):
    tracker = make_tracker(name, max_disappeared=10)
    for frame in range(9):
        objects = tracker.update([box(5 * frame, 0, "truck" if frame == 8 else "car")])
    assert [seen["class"] for seen in objects.values()] == ["car"]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_nothing_seen_at_all(name):
    tracker = make_tracker(name, max_disappeared=10)
    assert tracker.update([]) == OrderedDict()
    assert tracker.update([]) == OrderedDict()


@pytest.mark.parametrize("name", ["sort", "bytetrack"])
def test_a_pedestrian_never_takes_over_a_vehicle_s_id(name):
    tracker = make_tracker(name, max_disappeared=10)
    for _ in range(5):
        car = tracker.update([box(0, 0, "car")])
    for _ in range(5):
        person = tracker.update([box(0, 0, "person")])
    assert set(car) & set(person) == set()


@pytest.mark.parametrize("name", ["sort", "bytetrack"])
def test_an_object_is_found_again_within_its_time(name):
    tracker = make_tracker(name, max_disappeared=10)
    for frame in range(10):
        before = tracker.update([box(4 * frame, 0)])
    for _ in range(4):
        tracker.update([])
    for frame in range(14, 18):
        after = tracker.update([box(4 * frame, 0)])
    assert set(before) == set(after)


def test_centroid_registers_and_deregisters():
    tracker = CentroidTracker()
    first, second = tracker.register((10, 20)), tracker.register((50, 60))
    assert first != second
    tracker.deregister(first)
    assert list(tracker.objects) == [second]
    with pytest.raises(KeyError):
        tracker.deregister(first)


@pytest.mark.parametrize("limit", [1, 10])
def test_centroid_forgets_after_more_than_max_disappeared_updates(limit):
    tracker = CentroidTracker(max_disappeared=limit)
    tracker.update([box(0, 0)])
    for unseen in range(1, limit + 1):
        objects = tracker.update([])
        assert [seen["disappeared"] for seen in objects.values()] == [unseen]
    assert tracker.update([]) == OrderedDict()


def test_centroid_gives_a_returning_object_a_new_id_after_it_was_forgotten():
    tracker = CentroidTracker(max_disappeared=2)
    first = set(tracker.update([box(0, 0)]))
    for _ in range(3):
        tracker.update([])
    assert set(tracker.update([box(0, 0)])) & first == set()


def test_centroid_takes_the_assignment_with_the_smallest_sum():
    """Greedy matching would give the first object the box that only the second can reach."""
    tracker = CentroidTracker(max_distance=60)
    tracker.update([box(0, 0), box(50, 0)])
    objects = tracker.update([box(40, 0), box(-15, 0)])
    assert [seen["bbox"][0] for seen in objects.values()] == [-15, 40]


def test_centroid_does_not_jump_across_the_picture():
    tracker = CentroidTracker(max_distance=100)
    tracker.update([box(0, 0)])
    objects = tracker.update([box(500, 0)])
    assert [seen["disappeared"] for seen in objects.values()] == [1, 0]


def test_centroid_takes_bare_boxes():
    tracker = CentroidTracker()
    objects = tracker.update([{"bbox": [0, 0, 10, 10]}])
    assert objects[0]["center"] == (5, 5)
    assert np.isclose(objects[0]["confidence"], 1.0)
