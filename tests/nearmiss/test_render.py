"""The annotated video and what is drawn on it."""

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss import tracking
from tasks.nearmiss.drawing import BLUE, GREEN, RED, draw_objects, picture_grid
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.frames import Frame, FrameReader
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.render import (
    Alert,
    AlertsNow,
    BoxesInBetween,
    alerts_of,
    annotate,
    render_video,
)


def tracks_of(*sights: tuple[int, int, float]) -> pd.DataFrame:
    """(frame, id, left edge) to a tracks table; boxes are 20 wide."""
    columns = ["frame_index", "track_id", "x1", "y1", "x2", "y2", "class"]
    rows = [(frame, i, x, 0.0, x + 20, 10.0, "car") for frame, i, x in sights]
    return pd.DataFrame(rows, columns=columns)


def lefts(boxes: BoxesInBetween, frames: range) -> dict[int, dict[int, float]]:
    return {
        frame: {item["id"]: round(item["bbox"][0], 3) for item in boxes.at(frame)}
        for frame in frames
    }


def events_of(*events: tuple) -> pd.DataFrame:
    columns = ["first_frame_index", "frame_index", "object_id_1", "object_id_2", "risk_level"]
    return pd.DataFrame(events, columns=columns)


def test_boxes_between_processed_frames_are_interpolated():
    boxes = BoxesInBetween([tracks_of((0, 1, 0.0), (2, 1, 10.0), (4, 1, 30.0))], stride=2)
    found = lefts(boxes, range(7))
    assert [found[frame].get(1) for frame in range(7)] == [0, 5, 10, 20, 30, 30, None]


def test_a_long_gap_is_not_bridged():
    boxes = BoxesInBetween([tracks_of((0, 1, 0.0), (2, 1, 10.0), (40, 1, 99.0))], stride=2)
    found = lefts(boxes, range(42))
    assert 1 not in found[10]
    assert 1 not in found[39]
    assert found[40][1] == 99


def test_objects_come_and_go():
    boxes = BoxesInBetween([tracks_of((0, 1, 0.0), (2, 2, 50.0), (4, 2, 60.0))], stride=2)
    found = lefts(boxes, range(6))
    assert found[0] == {1: 0}
    assert found[3] == {2: 55}
    assert found[5] == {2: 60}


def test_no_tracks():
    assert BoxesInBetween([tracks_of()], stride=2).at(0) == []
    assert BoxesInBetween([], stride=2).at(0) == []


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_tracks_in_pieces_give_the_boxes_of_the_whole(tmp_path, monkeypatch, rows):
    sights = [(frame, i, 10.0 * frame + i) for frame in range(0, 40, 2) for i in range(frame % 3)]
    tracks = tracks_of(*sights)
    tracking.write_parquet(tmp_path / "tracks.parquet", tracks)
    monkeypatch.setattr(tracking, "PIECE_ROWS", rows)
    pieces = list(tracking.read_pieces(tmp_path / "tracks.parquet", BoxesInBetween.COLUMNS))
    assert [len(piece) for piece in pieces[:-1]] == [rows] * (len(pieces) - 1)
    assert len(pieces) == -(-len(tracks) // rows)
    whole = lefts(BoxesInBetween([tracks], 2), range(44))
    assert lefts(BoxesInBetween(iter(pieces), 2), range(44)) == whole
    assert any(len(boxes) > 1 for boxes in whole.values())


@pytest.mark.parametrize(
    ("name", "alarmed", "color"),
    [("bus", [], BLUE), ("bicycle", [], BLUE), ("person", [], GREEN), ("person", [7], RED)],
)
def test_colours_tell_vehicles_pedestrians_and_alarms(name, alarmed, color):
    image = np.zeros((200, 200, 3), np.uint8)
    draw_objects(image, [{"id": 7, "class": name, "bbox": [50, 60, 150, 160]}], alarmed)
    assert tuple(image[110, 50]) == color
    assert image[45:58, 50:100].any()  # the label above the box


def test_the_alert_is_shown_from_the_first_frame_to_after_the_worst():
    (alert,) = alerts_of(events_of((10, 16, 1, 2, "High")), fps=10)
    assert (alert.start, alert.end) == (10, 31)
    assert alert.objects == {1, 2}


def test_the_worst_of_several_alerts_is_written_in_red():
    quiet, loud = np.zeros((400, 700, 3), np.uint8), np.zeros((400, 700, 3), np.uint8)
    alerts = [Alert(0, 9, frozenset({1}), "Low"), Alert(0, 9, frozenset({2}), "High")]
    annotate(Frame(20, 2.0, quiet), [], alerts)
    annotate(Frame(5, 0.5, loud), [], alerts)
    top = np.s_[0:90, 150:550]
    assert not (quiet[top] == RED).all(axis=2).any()
    assert (loud[top] == RED).all(axis=2).sum() > 500


def test_every_frame_is_written_with_its_time(tmp_path):
    times = [0.0, 0.04, 0.08, 0.3, 0.34, 0.38, 0.42, 0.9]
    source = tmp_path / "source.mp4"
    with VideoWriter(source, 25, 160, 120) as writer:
        for index, time in enumerate(times):
            writer.write(np.full((120, 160, 3), 20 * index, np.uint8), time)
    target = tmp_path / "annotated.mp4"
    tracks = tracks_of((0, 1, 10.0), (2, 1, 30.0))
    written = render_video(
        source,
        [tracks],
        events_of((0, 2, 1, 2, "High")),
        target,
        fps=25,
        width=160,
        height=120,
        stride=2,
    )
    assert written == len(times)
    seen = [frame.time for frame in FrameReader(target)]
    np.testing.assert_allclose(seen, times, atol=1e-4)
    metadata = probe(target)
    assert (metadata.width, metadata.height, metadata.codec) == (160, 120, "h264")


def test_a_grid_of_pictures():
    pictures = [np.full((90, 160, 3), value, np.uint8) for value in (10, 20, 30)]
    grid = picture_grid(pictures, columns=2, width=80)
    assert grid.shape == (90, 160, 3)
    assert (grid[0, 0] == 10).all()
    assert (grid[0, 80] == 20).all()
    assert (grid[45, 0] == 30).all()
    assert (grid[45, 80] == 255).all()


def test_alerts_come_and_go_with_the_frames():
    alerts = [Alert(start, start + 4, frozenset({start}), "Low") for start in (8, 2, 5, 2)]
    now = AlertsNow(alerts)
    for frame in range(16):
        expected = [alert for alert in alerts if alert.start <= frame < alert.end]
        assert sorted(now.at(frame), key=str) == sorted(expected, key=str)
