"""A live stream through the whole flow, from a camera that goes away and comes back."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from mjpeg_camera import mjpeg_camera
from nearmiss_clip import make_clip
from rtsp_camera import Camera, skip_without_server
from videos import make_clip as numbered_clip

from flows.nearmiss import check, nearmiss
from flows.nearmiss_watch import failed_segments, one_segment
from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.sources.segment import Segment
from tasks.nearmiss.watch import Watch


@pytest.mark.slow
def test_events_before_a_loss_are_safe_and_the_gap_is_in_the_record(tmp_path, prefect_server):
    skip_without_server()
    clip = numbered_clip(tmp_path / "road.mp4", frames=1200, fps=20, key_every=10)
    camera = Camera(clip).start()
    config = NearMissConfig(
        video=[camera.address],
        output_dir=tmp_path / "out",
        detector="motion",
        segment_sec=10,
        stream_for_sec=40,
        reconnect_for_sec=30,
    )

    def outage():
        time.sleep(15)
        camera.kill()
        time.sleep(4)
        camera.start()

    thread = threading.Thread(target=outage)
    thread.start()
    try:
        state = nearmiss(config, return_state=True)
    finally:
        thread.join()
        camera.kill()
    assert state.is_completed(), state.message
    folder = state.result().folder
    record = json.loads((folder / "stream.json").read_text())
    assert record["summary"]["segments"] >= 3
    assert any(3 <= gap["seconds"] <= 15 for gap in record["gaps"])
    for segment in record["segments"]:
        assert segment["state"] == "Completed"
        assert_whole(folder / segment["results"])


def test_a_segment_that_fails_is_kept_and_told_of(tmp_path, prefect_server):
    calibration = tmp_path / "camera.yaml"
    calibration.write_text("points: none")
    (tmp_path / "out" / "segments").mkdir(parents=True)
    file = make_clip(tmp_path / "out" / "segments" / "road.mp4", frames=10)
    config = NearMissConfig(
        video=["rtsp://camera/road"],
        detector="motion",
        calibration=str(calibration),
        keep_segments=False,
    )
    start = datetime(2026, 6, 1, 12, tzinfo=UTC)
    segment = Segment(file, start, start + timedelta(seconds=0.5), 10, None)
    notes = Watch(tmp_path / "out", "rtsp://camera/road")
    assert failed_segments(notes) is None
    one_segment(config, segment, notes)
    assert file.is_file()
    summary = notes.summary()
    assert (summary["segments"], summary["failed_segments"]) == (1, 1)
    assert summary["watched_sec"] == summary["share_watched"] == 0
    assert f"1 of 1 segments failed, the first road.mp4 ({calibration}:" in str(
        failed_segments(notes)
    )


@pytest.mark.slow
def test_a_watch_whose_segments_fail_ends_as_failed_and_keeps_them(tmp_path, prefect_server):
    calibration = tmp_path / "camera.yaml"
    calibration.write_text("points: none")
    with mjpeg_camera() as address:
        config = NearMissConfig(
            video=[address],
            output_dir=tmp_path / "out",
            detector="motion",
            calibration=str(calibration),
            segment_sec=10,
            stream_for_sec=12,
            keep_segments=False,
        )
        state = nearmiss(config, return_state=True)
    error = state.result(raise_on_failure=False)
    assert isinstance(error, StageFailed)
    (file,) = (tmp_path / "out").glob("*/*/stream.json")
    record = json.loads(file.read_text())
    summary = record["summary"]
    assert summary["segments"] == summary["failed_segments"] >= 1
    assert summary["watched_sec"] == summary["share_watched"] == 0
    assert f"{summary['segments']} of {summary['segments']} segments failed" in str(error)
    for segment in record["segments"]:
        assert str(calibration) in segment["reason"]
        assert (file.parent / "segments" / segment["file"]).is_file()


def assert_whole(results):
    """Every file of a run is as its record says."""
    record = json.loads((results / "record.json").read_text())
    assert {"events", "interactions", "annotated_video", "report"} <= set(record["outputs"])
    for file in record["outputs"].values():
        assert sha256_of(results / file["path"]) == file["sha256"]


def test_a_stream_beside_other_videos_is_refused_without_its_password(tmp_path):
    clip = make_clip(tmp_path / "road.mp4", frames=5)
    config = NearMissConfig(video=[str(clip), "rtsp://user:secret@127.0.0.1/road"])
    with pytest.raises(BadInput, match="a run of its own") as refused:
        check(config)
    assert "secret" not in str(refused.value)
