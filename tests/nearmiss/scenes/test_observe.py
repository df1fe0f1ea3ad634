from __future__ import annotations

import numpy as np
import pandas as pd

from tasks.nearmiss.scenes import observe
from tasks.nearmiss.scenes.camera import Pinhole, box_corners
from tasks.nearmiss.scenes.observe import COLUMNS
from tasks.nearmiss.scenes.paths import motion_of

CAR = {"id": "car", "class": "car", "path": [[-30, 0], [60, 0]], "speed": 8}
SIDE = {"position": [0, -18], "height": 6, "tilt": 18, "fov_deg": 80, "picture": [1280, 720]}


def test_columns_frames_and_exact_boxes(make_scene):
    scene = make_scene(CAR, observation={"fps": 25, "stride": 3})
    table = observe(scene)
    assert list(table.columns) == COLUMNS
    assert (table["frame"] % 3 == 0).all()
    assert np.allclose(table["timestamp_sec"], table["frame"] / 25)
    state = motion_of(scene.users[0], 8).state(table["timestamp_sec"])
    corners = box_corners(state.position, state.heading, (4.4, 1.8), (0, 1.5))
    lens = Pinhole(scene.camera)
    boxes = lens.clip(lens.image_boxes(corners)[0])
    assert np.allclose(table[["x1", "y1", "x2", "y2"]], boxes)


def test_same_seed_same_table_other_seed_other_table(make_scene):
    noisy = {"fps": 25, "jitter_px": 2, "miss_rate": 0.1, "switches": 1}
    first = observe(make_scene(CAR, observation=noisy))
    pd.testing.assert_frame_equal(first, observe(make_scene(CAR, observation=noisy)))
    assert not first.equals(observe(make_scene(CAR, observation=noisy, seed=2)))


def test_jitter_size_and_memory(make_scene):
    slow = {**CAR, "speed": 1, "path": [[-5, 0], [60, 0]]}
    clean = observe(make_scene(slow, duration=60, observation={"fps": 25}))
    noisy = observe(make_scene(slow, duration=60, observation={"fps": 25, "jitter_px": 2}))
    noise = (noisy["x1"] - clean["x1"]).to_numpy()
    assert 1.6 < noise.std() < 2.4
    assert np.corrcoef(noise[:-1], noise[1:])[0, 1] > 0.5


def test_misses_have_their_share_and_come_in_bursts(make_scene):
    parked = {"id": "p", "class": "car", "path": [[0, 0]]}
    table = observe(
        make_scene(
            parked,
            duration=100,
            observation={"fps": 30, "miss_rate": 0.2, "miss_burst": 4, "lost_after_sec": 50},
        )
    )
    assert 0.15 < 1 - len(table) / 3001 < 0.25
    gaps = np.diff(table["frame"]) - 1
    assert 3.0 < gaps[gaps > 0].mean() < 5.0


def test_occlusion_hides_and_shrinks(make_scene):
    walker = {"id": "w", "class": "person", "path": [[-8, 6], [8, 6]], "speed": 1.5}
    wall = {"position": [0, 0], "length": 5, "width": 0.3, "height": 4}
    seen = {"fps": 10, "occlusion": True}
    scenes = [
        make_scene(walker, camera=SIDE, observation=seen, occluders=each) for each in ([], [wall])
    ]
    open_view, walled = (observe(scene) for scene in scenes)
    middle = walled["timestamp_sec"].between(4.5, 6.0)
    assert len(open_view) == len(observe(scenes[0]))
    assert not middle.any()
    narrow = (walled["x2"] - walled["x1"]).min() / (open_view["x2"] - open_view["x1"]).median()
    assert narrow < 0.7


def test_rider_passengers_and_duplicates_belong_to_one_user(make_scene):
    bike = {"id": "bike", "class": "bicycle", "path": [[0, 0], [40, 0]], "speed": 4}
    bus = {"id": "bus", "class": "bus", "path": [[0, 6]], "passengers": 2}
    truck = {"id": "truck", "class": "truck", "path": [[0, -6]], "duplicate": True}
    above = {"height": 25, "tilt": 90, "focal_px": 600, "picture": [1600, 1600]}
    table = observe(make_scene(bike, bus, truck, camera=above))
    classes = table.groupby("user_id")["class"].agg(lambda each: sorted(set(each)))
    assert classes["bike"] == ["bicycle", "person"]
    assert classes["bus"] == ["bus", "person"]
    assert table.groupby("user_id")["track_id"].nunique().to_dict() == {
        "bike": 2,
        "bus": 3,
        "truck": 2,
    }
    assert observe(make_scene({**bike, "rider": False}))["class"].eq("bicycle").all()


def test_switch_gives_a_new_id_once(make_scene):
    table = observe(make_scene(CAR, observation={"fps": 25, "switches": 1}))
    assert (table["track_id"].diff().fillna(0) != 0).sum() == 1


def test_swap_exchanges_the_ids_of_two_that_pass(make_scene):
    other = {"id": "other", "class": "car", "path": [[30, 3.5], [-60, 3.5]], "speed": 8}
    table = observe(make_scene(CAR, other, observation={"fps": 25, "swaps": 1}))
    assert table.groupby("track_id")["user_id"].nunique().tolist() == [2, 2]
    assert table.groupby("user_id")["track_id"].nunique().tolist() == [2, 2]


def test_a_long_loss_ends_a_track(make_scene):
    walker = {"id": "w", "class": "person", "path": [[-8, 6], [8, 6]], "speed": 1.5}
    wall = {"position": [0, 0], "length": 5, "width": 0.3, "height": 4}
    table = observe(
        make_scene(
            walker, camera=SIDE, occluders=[wall], observation={"fps": 10, "occlusion": True}
        )
    )
    assert table["track_id"].nunique() == 2
