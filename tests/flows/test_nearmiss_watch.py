"""A live stream through the whole flow, from a camera that goes away and comes back."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from mjpeg_camera import mjpeg_camera
from nearmiss_clip import make_clip
from rtsp_camera import Camera, skip_without_server
from videos import make_clip as numbered_clip

from flows.nearmiss import check, nearmiss
from flows.nearmiss_watch import calibrates, failed_segments, one_segment
from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.endings import segment_rows
from tasks.nearmiss.sources.segment import Segment
from tasks.nearmiss.watch import Watch


@pytest.mark.slow
def test_events_before_a_loss_are_safe_and_the_gap_is_in_the_record(tmp_path, artifacts_of_run):
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
    total = sum(segment["found"]["events"] for segment in record["segments"])
    assert record["summary"]["found"]["events"] == total
    page = artifacts_of_run(state.state_details.flow_run_id)
    assert len(json.loads(page["segments"].data)) == len(record["segments"])
    assert json.loads(page["gaps"].data) == record["gaps"]
    assert json.loads(page["stream"].data)[0]["events"] == total


def a_segment(folder, **settings):
    """A configuration, a recorded segment of ten frames and the notes of a watch."""
    (folder / "segments").mkdir(parents=True)
    file = make_clip(folder / "segments" / "road.mp4", frames=10)
    start = datetime(2026, 6, 1, 12, tzinfo=UTC)
    segment = Segment(file, start, start + timedelta(seconds=0.5), 10, None)
    config = NearMissConfig(
        video=["rtsp://camera/road"], detector="motion", keep_segments=False, **settings
    )
    return config, segment, Watch(folder, "rtsp://camera/road")


def calibration_outside_the_picture(tmp_path):
    """Nothing that a look at the file alone could find."""
    points = [
        {"image": [x, y], "ground": [x, y]} for x, y in ((0, 0), (9000, 0), (9000, 200), (0, 200))
    ]
    file = tmp_path / "camera.yaml"
    file.write_text(yaml.safe_dump({"units": "m", "points": points}))
    return str(file)


def test_a_segment_that_fails_is_kept_and_told_of(tmp_path, prefect_server):
    config, segment, notes = a_segment(tmp_path / "out")
    assert failed_segments(notes) is None
    segment.path.write_bytes(b"no video")
    one_segment(config, segment, notes)
    assert segment.path.is_file()
    summary = notes.summary()
    assert (summary["segments"], summary["failed_segments"]) == (1, 1)
    assert summary["watched_sec"] == summary["share_watched"] == 0
    assert f"1 of 1 segments failed, the first road.mp4 ({segment.path}:" in str(
        failed_segments(notes)
    )


def test_all_rows_of_segments_have_the_same_columns():
    """The page takes its columns from the first row, whose run may have failed."""
    found = {"events": 2, "High": 1}
    rows = segment_rows(
        [
            {"file": "a.mp4", "start": "1", "reason": "it cannot be read", "state": "Failed"},
            {"file": "b.mp4", "start": "2", "state": "Completed", "found": found},
        ]
    )
    assert [list(row) for row in rows] == [
        ["start", "state", "events", "High", "file", "reason"]
    ] * 2
    assert rows[0]["events"] == ""
    assert rows[1]["reason"] == ""
    assert rows[1]["High"] == 1


def test_settings_that_do_not_fit_end_the_watch_at_its_first_segment(tmp_path, prefect_server):
    calibration = calibration_outside_the_picture(tmp_path)
    config, segment, notes = a_segment(tmp_path / "out", calibration=calibration)
    with pytest.raises(BadInput, match=r"point 2 at .* is outside the picture"):
        one_segment(config, segment, notes)
    assert segment.path.is_file()
    one_segment(config, segment, notes)  # a later one fails by itself
    assert len(notes.segments) == 2


def test_a_stream_is_calibrated_once(tmp_path):
    """And the recording that did it is kept, since the record names it."""
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    int8 = NearMissConfig(video=["rtsp://camera/road"], engine="openvino-int8")
    settled = int8.calibrated_by(first)
    assert settled.int8_video == first
    assert settled.calibrated_by(second) == settled
    assert settled.for_segment(second, tmp_path).int8_video == first
    auto = NearMissConfig(video=["rtsp://camera/road"])
    assert auto.calibrated_by(first) == auto


def test_what_failed_or_is_short_calibrates_no_later_segment(tmp_path):
    _, segment, notes = a_segment(tmp_path / "out")
    assert calibrates(segment, notes, segment_sec=1)
    assert not calibrates(segment, notes, segment_sec=60), "half a second of a minute"
    notes.add(segment, failure="it cannot be read")
    assert not calibrates(segment, notes, segment_sec=1)


def test_a_calibration_video_without_int8_is_refused(tmp_path):
    clip = make_clip(tmp_path / "road.mp4", frames=5)
    with pytest.raises(BadInput, match="--int8-video does nothing for --engine auto"):
        check(NearMissConfig(int8_video=clip))
    check(NearMissConfig(int8_video=clip, engine="openvino-int8"))
    with pytest.raises(BadInput, match=r"nowhere\.mp4"):
        check(NearMissConfig(int8_video=tmp_path / "nowhere.mp4", engine="openvino-int8"))


@pytest.mark.slow
def test_a_watch_with_wrong_settings_ends_early_and_keeps_what_it_recorded(
    tmp_path, prefect_server
):
    with mjpeg_camera() as address:
        config = NearMissConfig(
            video=[address],
            output_dir=tmp_path / "out",
            detector="motion",
            calibration=calibration_outside_the_picture(tmp_path),
            segment_sec=10,
            stream_for_sec=120,
            keep_segments=False,
        )
        began = time.monotonic()
        state = nearmiss(config, return_state=True)
    assert time.monotonic() - began < 100, "it did not wait for the end of the stream"
    error = state.result(raise_on_failure=False)
    assert isinstance(error, BadInput)
    (file,) = (tmp_path / "out").glob("*/*/stream.json")
    record = json.loads(file.read_text())
    assert record["summary"]["watched_sec"] == record["summary"]["share_watched"] == 0
    assert "is outside the picture" in record["ended_because"]
    for segment in record["segments"]:
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
