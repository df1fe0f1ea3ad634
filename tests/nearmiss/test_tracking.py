"""Tracks of a whole video as tables."""

import numpy as np
import pandas as pd
import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.tracking import (
    compare_trackers,
    read_ground_truth,
    tracking_metrics,
)
from tasks.nearmiss.trackers import make_tracker
from tasks.nearmiss.tracking import (
    TRACK_COLUMNS,
    track_detections,
    track_figures,
    write_motchallenge,
)


def frames_table(count: int, stride: int = 2) -> pd.DataFrame:
    index = np.arange(count)
    return pd.DataFrame(
        {"frame_index": index, "timestamp_sec": index / 25, "processed": index % stride == 0}
    )


def detections_table(rows: list[tuple]) -> pd.DataFrame:
    columns = ["frame_index", "timestamp_sec", "class", "confidence", "x1", "y1", "x2", "y2"]
    return pd.DataFrame(rows, columns=columns)


def two_cars(count: int = 40) -> pd.DataFrame:
    rows = []
    for frame in range(0, count, 2):
        rows.append((frame, frame / 25, "car", 0.9, 2.0 * frame, 0.0, 2.0 * frame + 40, 30.0))
        name = "truck" if frame % 10 == 0 else "car"
        rows.append((frame, frame / 25, name, 0.8, 300.0, 100.0, 360.0, 150.0))
    return detections_table(rows)


def test_tracks_have_their_columns_and_the_majority_class():
    tracks = track_detections(frames_table(40), two_cars(), make_tracker("bytetrack", 10))
    assert list(tracks.columns) == TRACK_COLUMNS
    assert set(tracks["class"].astype(str)) == {"car"}
    assert set(tracks["category"].astype(str)) == {"vehicle"}
    assert tracks["track_id"].nunique() == 2
    assert tracks["frame_index"].is_monotonic_increasing
    np.testing.assert_allclose(tracks["center_x"], (tracks["x1"] + tracks["x2"]) / 2)


def test_figures():
    tracks = track_detections(frames_table(40), two_cars(), make_tracker("centroid", 10))
    figures = track_figures(tracks)
    assert figures["unique_ids"] == 2
    assert figures["ids_per_class"] == {"car": 2}
    assert figures["track_length"] == {"n": 2, "mean": 20.0, "median": 20.0}
    assert figures["objects_at_peak"] == 2


@pytest.mark.parametrize("tracker", ["centroid", "sort", "bytetrack"])
def test_no_detections_at_all(tracker):
    tracks = track_detections(frames_table(10), detections_table([]), make_tracker(tracker, 10))
    assert tracks.empty
    assert list(tracks.columns) == TRACK_COLUMNS
    assert track_figures(tracks)["unique_ids"] == 0


def test_motchallenge_counts_from_one(tmp_path):
    tracks = track_detections(frames_table(40), two_cars(), make_tracker("centroid", 10))
    path = tmp_path / "tracks.txt"
    write_motchallenge(path, tracks)
    lines = path.read_text().splitlines()
    assert len(lines) == len(tracks)
    assert lines[0] == "1,1,0.00,0.00,40.00,30.00,0.9000,-1,-1,-1"
    back = read_ground_truth(path)
    np.testing.assert_allclose(back["x2"], tracks["x2"], atol=0.01)
    assert (back["frame_index"].to_numpy() == tracks["frame_index"].to_numpy()).all()


def test_metrics_of_perfect_and_of_swapped_tracks():
    tracks = track_detections(frames_table(40), two_cars(), make_tracker("centroid", 10))
    frames = range(0, 40, 2)
    perfect = tracking_metrics(tracks, tracks, frames)
    assert (perfect["HOTA"], perfect["MOTA"], perfect["IDF1"]) == (1, 1, 1)
    swapped = tracks.copy()
    late = swapped["frame_index"] >= 20
    swapped.loc[late, "track_id"] = 1 - swapped.loc[late, "track_id"]
    broken = tracking_metrics(tracks, swapped, frames)
    assert broken["id_switches"] == 2
    assert broken["IDF1"] == pytest.approx(0.5)
    nothing = tracking_metrics(tracks, tracks.iloc[:0], frames)
    assert nothing["misses"] == nothing["n"] == 40


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2])
def test_bytetrack_is_the_best_on_the_ground_truth(videos, onnx_file, stride):
    """Why it is the default."""
    truth = PROJECT_ROOT.parent / "shared" / "data" / "mot" / "PETS09-S2L1" / "gt.txt"
    if not truth.is_file():
        pytest.skip("the tracking ground truth (../shared/data/mot) is not on this machine")
    table = compare_trackers(
        videos / "vtest.avi", read_ground_truth(truth), onnx_file, stride=stride
    ).set_index(["refinement", "tracker"])
    for refinement in ("", "refined"):
        for metric in ("HOTA", "MOTA", "IDF1"):
            assert table.loc[refinement, metric].idxmax() == "bytetrack"
    if stride == 1:
        assert table.loc[("refined", "bytetrack"), "MOTA"] >= 0.90
        assert table.loc[("refined", "bytetrack"), "IDF1"] >= 0.85
