"""A live stream through the whole flow, from a camera that goes away and comes back."""

import json
import threading
import time

import pytest
from nearmiss_clip import make_clip
from rtsp_camera import Camera, skip_without_server
from videos import make_clip as numbered_clip

from flows.nearmiss import check, nearmiss
from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.nearmiss.config import NearMissConfig


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
