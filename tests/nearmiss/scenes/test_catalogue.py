from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tasks.nearmiss.scenes import SceneError, load_catalogue
from tasks.nearmiss.scenes.camera import Pinhole, box_corners
from tasks.nearmiss.scenes.language import Kind
from tasks.nearmiss.scenes.paths import motion_of

FASTEST = {
    "person": 2.0,
    "bicycle": 7.0,
    "motorcycle": 20.0,
    "car": 20.0,
    "truck": 20.0,
    "bus": 20.0,
}


def test_every_file_tells_its_story_in_its_first_line(data_folder):
    for path in data_folder.glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# "), path.name
        assert lines[0].endswith("."), path.name
        assert len(lines) <= 30, path.name
        assert max(map(len, lines)) <= 100, path.name


def test_counts_and_spread(catalogue):
    assert len(catalogue) >= 64
    assert {scene.kind for scene in catalogue} == set(Kind.__args__)
    assert len({scene.seed for scene in catalogue}) == len(catalogue)
    degradations = Counter(scene.degradation for scene in catalogue)
    assert min(degradations[name] for name in ("none", "moderate", "strong")) >= 20
    assert {scene.observation.fps for scene in catalogue} == {5, 10, 12.5, 25, 30, 60}
    assert {scene.observation.stride for scene in catalogue} == {1, 2, 3, 4}
    heights = [scene.camera.height for scene in catalogue]
    tilts = [scene.camera.tilt for scene in catalogue]
    assert (min(heights), max(heights), min(tilts), max(tilts)) == (4, 20, 15, 90)


def test_truth_agrees_with_the_stories(catalogue, truths):
    for scene in catalogue:
        found = truths[scene.name].query("is_near_miss")
        pairs = {frozenset(pair) for pair in zip(found.user_a, found.user_b, strict=True)}
        assert pairs == {frozenset(pair) for pair in scene.near_misses}, scene.name


def test_no_near_miss_of_the_catalogue_is_borderline(truths):
    for name, table in truths.items():
        assert not (table["is_near_miss"] & table["is_borderline"]).any(), name


def test_share_of_scenes_without_a_near_miss(truths):
    quiet = [not table["is_near_miss"].any() for table in truths.values()]
    assert 0.4 <= np.mean(quiet) <= 0.65


def test_vulnerable_users_have_their_near_misses(truths):
    classes = Counter()
    for table in truths.values():
        for row in table.query("is_near_miss").itertuples():
            classes.update({row.class_a, row.class_b})
    assert classes["person"] >= 6
    assert classes["bicycle"] >= 6
    assert classes["motorcycle"] >= 4


def test_nobody_collides(truths):
    for name, table in truths.items():
        assert (table["min_distance_m"] > 0.05).all(), name


def test_speeds_and_braking_are_plausible(catalogue):
    for scene in catalogue:
        for user in scene.users:
            motion = motion_of(user, scene.duration)
            state = motion.state(np.arange(motion.enters, motion.leaves, 0.02))
            speed = np.maximum(state.speed, 1e-3)
            along = (state.acceleration * state.velocity).sum(axis=1) / speed
            assert speed.max() <= FASTEST[user.user_class] + 1e-9, (scene.name, user.id)
            assert along.min() >= -8.05, (scene.name, user.id)
            assert along.max() <= 3.0, (scene.name, user.id)


def test_nobody_vanishes_in_the_picture(catalogue):
    for scene in catalogue:
        lens = Pinhole(scene.camera)
        for user in scene.users:
            motion = motion_of(user, scene.duration)
            if motion.leaves < scene.duration:
                state = motion.state([motion.leaves])
                corners = box_corners(
                    state.position, state.heading, user.size[:2], (0, user.size[2])
                )
                assert not lens.visible(corners)[0], (scene.name, user.id)


def test_near_misses_are_seen_and_big_enough(catalogue, truths, tables):
    for scene in catalogue:
        near = truths[scene.name].query("is_near_miss")
        seen = tables[scene.name]
        for row in near.itertuples():
            during = seen[
                seen["timestamp_sec"].between(
                    row.near_miss_start_sec - 0.5, row.near_miss_end_sec + 0.5
                )
            ]
            for user in (row.user_a, row.user_b):
                boxes = during[during["user_id"] == user]
                assert len(boxes) >= 3, (scene.name, user)
                assert (boxes["y2"] - boxes["y1"]).max() >= 20, (scene.name, user)


def test_every_user_is_observed_and_boxes_are_sound(catalogue, tables):
    for scene in catalogue:
        seen = tables[scene.name]
        assert set(seen["user_id"]) == {user.id for user in scene.users}, scene.name
        width, height = scene.camera.picture
        assert (seen["x1"] < seen["x2"]).all()
        assert (seen["y1"] < seen["y2"]).all()
        assert seen[["x1", "y1"]].min().min() >= 0
        assert seen["x2"].max() <= width
        assert seen["y2"].max() <= height
        assert seen["confidence"].between(0.05, 0.99).all()
        assert not seen.duplicated(["frame", "track_id"]).any(), scene.name


def test_an_empty_folder_and_a_wrong_name_are_refused(tmp_path, data_folder):
    with pytest.raises(SceneError, match="no scene files"):
        load_catalogue(tmp_path)
    text = (data_folder / "crossing-wide-gap.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SceneError, match="not as its file"):
        load_catalogue(tmp_path)


def test_every_degradation_has_scenes_of_both_sorts(catalogue, truths):
    counts = Counter(
        (scene.degradation, bool(truths[scene.name]["is_near_miss"].any())) for scene in catalogue
    )
    for degradation in ("none", "moderate", "strong"):
        assert min(counts[degradation, True], counts[degradation, False]) >= 8, degradation
