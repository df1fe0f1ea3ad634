"""Bridged gaps and smoothed boxes."""

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.refinement import BOX, fill_gaps, refine_tracks, smooth_boxes
from tasks.nearmiss.tracking import TRACK_COLUMNS


def track(frames, left, track_id=1, fps=10.0, confidence=0.9) -> pd.DataFrame:
    """A box of 40 x 80 px whose left edge is a function of time."""
    frames = np.asarray(list(frames))
    times = frames / fps
    x = np.array([left(time) for time in times], float)
    table = pd.DataFrame(
        {
            "frame_index": frames.astype("int32"),
            "timestamp_sec": times,
            "track_id": np.int32(track_id),
            "class": "car",
            "category": "vehicle",
            "confidence": np.float32(confidence),
            "x1": x.astype("float32"),
            "y1": np.float32(100),
            "x2": (x + 40).astype("float32"),
            "y2": np.float32(180),
        }
    )
    table["center_x"], table["center_y"] = table["x1"] + 20, np.float32(140)
    return table[TRACK_COLUMNS]


def frames_at(times) -> pd.DataFrame:
    """Decoded frames at these times."""
    return pd.DataFrame({"frame_index": np.arange(len(times)), "timestamp_sec": times})


FRAMES = frames_at(np.arange(60) / 10)


def test_a_gap_is_bridged_on_a_straight_line():
    frames = [0, 2, 4, 12, 14]
    filled = fill_gaps(track(frames, lambda t: 30 * t), FRAMES, max_gap_sec=3, stride=2)
    assert filled["frame_index"].tolist() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert filled["interpolated"].tolist() == [False] * 3 + [True] * 3 + [False] * 2
    np.testing.assert_allclose(filled["x1"], 30 * filled["timestamp_sec"], atol=1e-4)


def test_a_bridge_goes_by_the_times_of_the_frames():
    """The camera stalls for a second between the frames 3 and 4; the car does not."""
    times = np.array([0, 0.1, 0.2, 0.3, 1.3, 1.4, 1.5])
    seen = track([0, 1, 6], lambda t: 0)
    seen["timestamp_sec"] = times[seen["frame_index"]]
    seen["x1"] = (30 * seen["timestamp_sec"]).astype("float32")
    filled = fill_gaps(seen, frames_at(times), max_gap_sec=3)
    np.testing.assert_allclose(filled["timestamp_sec"], times, atol=1e-6)
    np.testing.assert_allclose(filled["x1"], 30 * times, atol=1e-4)


@pytest.mark.parametrize(("fps", "stride"), [(30000 / 1001, 1), (23.976, 2), (7.0, 3)])
def test_at_a_constant_rate_a_bridge_goes_by_the_numbers_of_the_frames(fps, stride):
    last = 30 * stride
    seen = track([0, stride, last], lambda t: 100 / 7 * t**2, fps=fps)
    filled = fill_gaps(seen, frames_at(np.arange(last + 1) / fps), max_gap_sec=99, stride=stride)
    steps = filled["frame_index"].to_numpy()[2:-1] // stride - 1
    for name in ("timestamp_sec", "x1", "x2"):
        first, end = seen[name].to_numpy(float)[1:]
        expected = (end - first) / (last - stride) * stride * steps + first
        assert (filled[name][2:-1] == expected.astype(seen[name].dtype)).all()


def test_a_long_gap_stays_open():
    filled = fill_gaps(track([0, 1, 50, 51], lambda t: 0), FRAMES, max_gap_sec=3)
    assert not filled["interpolated"].any()


def test_gaps_of_different_tracks_do_not_mix():
    two = pd.concat([track([0, 4], lambda t: 0, 1), track([2, 3], lambda t: 500, 2)])
    filled = fill_gaps(two, FRAMES, max_gap_sec=3)
    assert filled.groupby("track_id").size().to_dict() == {1: 5, 2: 2}
    assert set(filled.loc[filled["track_id"] == 1, "x1"]) == {0.0}


@pytest.mark.parametrize("acceleration", [0, 10])
def test_smoothing_takes_jitter_out_and_leaves_the_path(acceleration):
    rng = np.random.default_rng(0)

    def path(time):
        return 50 + 60 * time + acceleration * time**2 / 2

    clean = track(range(80), path, fps=25.0)
    noisy = clean.copy()
    noisy[BOX] += rng.normal(0, 3, (80, 4)).astype("float32")
    smoothed = smooth_boxes(noisy.assign(interpolated=False), 0.25)
    inner = slice(5, -5)
    before = np.abs(noisy["x1"] - clean["x1"])[inner].mean()
    after = np.abs(smoothed["x1"] - clean["x1"])[inner].mean()
    assert after < 0.6 * before


def test_an_outlier_has_no_say():
    table = track(range(40), lambda t: 20 * t)
    table.loc[20, "y2"] = 120  # legs hidden for one frame
    smoothed = smooth_boxes(table.assign(interpolated=False), 0.25)
    np.testing.assert_allclose(smoothed["y2"], 180, atol=1.5)


def test_blocks_make_no_difference(monkeypatch):
    from tasks.nearmiss import refinement

    rng = np.random.default_rng(1)
    table = track(range(600), lambda t: 5 * t + rng.normal(0, 2)).assign(interpolated=False)
    whole = smooth_boxes(table, 0.25)
    monkeypatch.setattr(refinement, "ROWS_AT_ONCE", 37)
    np.testing.assert_allclose(smooth_boxes(table, 0.25)[BOX], whole[BOX], atol=1e-2)


def test_refined_boxes_are_inside_the_picture_in_order_of_frames():
    two = pd.concat(
        [track(range(0, 30), lambda t: 300 - 200 * t, 1), track([0, 1, 2, 9, 10], lambda t: 50, 2)],
        ignore_index=True,
    )
    two = two.sort_values("frame_index", kind="stable", ignore_index=True)
    refined = refine_tracks(two, FRAMES, stride=1, width=320, height=240)
    assert list(refined.columns) == [*TRACK_COLUMNS, "interpolated"]
    assert refined["frame_index"].is_monotonic_increasing
    assert refined["x1"].min() >= 0
    assert refined["x2"].max() <= 320
    assert (refined["x2"] > refined["x1"]).all()
    assert refined["interpolated"].sum() == 6
    np.testing.assert_allclose(refined["center_x"], (refined["x1"] + refined["x2"]) / 2)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows(rows):
    table = track(range(rows), lambda t: 10).iloc[:rows]
    refined = refine_tracks(table, FRAMES, stride=1, width=320, height=240)
    assert len(refined) == rows
