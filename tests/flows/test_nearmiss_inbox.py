"""The inbox as its user schedules it: look after look at a folder, with the real near-miss flow."""

import errno
import json
import threading

import pytest
from nearmiss_clip import make_clip

from flows.nearmiss_inbox import check, nearmiss_inbox
from tasks import command_line
from tasks.errors import StageFailed
from tasks.nearmiss.engines import choose
from tasks.nearmiss.inbox_config import InboxConfig
from tasks.nearmiss.inbox_ledger import only_one


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The bytes of a clip whose index comes first, so that a part of it opens."""
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4").read_bytes()


@pytest.fixture
def folder(tmp_path, prefect_server):
    path = tmp_path / "inbox"
    path.mkdir()
    return path


def look(folder, **changed):
    settings = {
        "inbox": folder,
        "output_dir": folder.parent / "out",
        "settle_sec": 0.05,
        "detector": "motion",
        "stride": 2,
    }
    return nearmiss_inbox(InboxConfig(**(settings | changed)), return_state=True)


def contents(folder) -> list[dict]:
    return list(json.loads((folder / "inbox.json").read_text())["contents"].values())


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_look_after_look(folder, clip, artifacts_of_run):
    """A good clip, a half copy, a broken file and one that is still downloaded; then doubles."""
    (folder / "good.mp4").write_bytes(clip)
    (folder / "half.mp4").write_bytes(clip[: len(clip) // 2])
    (folder / "broken.avi").write_bytes(b"no video" * 100)
    (folder / "coming.mp4.part").write_bytes(clip)
    other = make_clip(folder.parent / "other.mp4", frames=30, meet=False).read_bytes()

    first = look(folder)
    assert first.is_completed(), first.message
    results = folder.parent / "out" / "good"
    assert (results / "report.html").is_file()
    assert names(folder / "processed") == {"good.mp4"}
    assert names(folder) >= {"half.mp4", "broken.avi", "coming.mp4.part"}
    summary = artifacts_of_run(first.state_details.flow_run_id)["inbox"]
    assert summary.description == first.result().lines[-1] == "Inbox: 2 waiting, 1 processed."
    rows = {row["video"]: row for row in json.loads(summary.data)}
    assert set(rows) == {"good.mp4", "half.mp4", "broken.avi"}
    assert rows["good.mp4"]["folder"] == str(results)
    assert "near-miss event" in rows["good.mp4"]["reason"]
    assert "cannot be read as a video" in rows["broken.avi"]["reason"]
    assert "of its 60 frames are there" in rows["half.mp4"]["reason"]

    (folder / "half.mp4").write_bytes(other)
    (folder / "double.mp4").write_bytes(clip)
    before = (results / "record.json").stat().st_mtime_ns
    second = look(folder, patience_sec=0.05)
    assert second.result().lines[-1] == "Inbox: 1 quarantined, 1 repeat, 1 processed."
    assert any(line.startswith("broken.avi: QUARANTINED.") for line in second.result().lines)
    assert (results / "record.json").stat().st_mtime_ns == before
    assert names(folder / "processed") == {"good.mp4", "double.mp4", "half.mp4"}
    assert names(folder / "quarantine") == {"broken.avi", "broken.avi.txt"}
    assert "cannot be read as a video" in (folder / "quarantine" / "broken.avi.txt").read_text()
    states = {content["name"]: content["state"] for content in contents(folder)}
    expected = {"good.mp4": "processed", "half.mp4": "processed", "broken.avi": "quarantined"}
    assert states == expected

    ledger = (folder / "inbox.json").read_bytes()
    assert look(folder).result().lines == ["Nothing new."]
    assert (folder / "inbox.json").read_bytes() == ledger
    assert names(folder) == {"coming.mp4.part", "inbox.json", ".inbox.lock"}


def test_a_failed_gate_puts_the_video_in_quarantine(folder, clip, monkeypatch):
    """The detector says that a road user is outside the picture."""
    from tasks.nearmiss.detectors.motion import MotionDetector

    honest = MotionDetector.detect

    def doctored(self, image, conf_threshold):
        found = honest(self, image, conf_threshold)
        found.boxes[:, 2] += 1000
        return found

    monkeypatch.setattr(MotionDetector, "detect", doctored)
    (folder / "a.mp4").write_bytes(clip)
    state = look(folder, keep=True)
    assert state.is_completed(), state.message
    note = (folder / "quarantine" / "a.mp4.txt").read_text()
    assert "Why: Quality gate detections failed" in note
    assert "What to do:" in note


def test_an_unknown_failure_is_tried_again_and_then_put_aside(folder, clip, monkeypatch):
    """The disk is full when the detector writes; the look says so and ends as failed."""
    from tasks.nearmiss.detectors.motion import MotionDetector

    def full(self, image, conf_threshold):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MotionDetector, "detect", full)
    (folder / "a.mp4").write_bytes(clip)
    state = look(folder, attempts=2)
    assert state.is_failed()
    assert "a.mp4 failed and will be tried again: OSError" in state.message
    assert "a.mp4" in names(folder)
    assert look(folder, attempts=2).is_completed()
    assert "No space left" in (folder / "quarantine" / "a.mp4.txt").read_text()


def test_bad_settings_put_no_video_in_quarantine(folder, clip, tmp_path):
    """Not even where a video has a single attempt."""
    calibration = tmp_path / "camera.yaml"
    calibration.write_text("matrix: [[1, 0, 0], [0, 0, 0], [0, 0, 1]]")  # a line
    (folder / "a.mp4").write_bytes(clip)
    state = look(folder, calibration=str(calibration), attempts=1)
    error = state.result(raise_on_failure=False)
    assert isinstance(error, StageFailed)
    assert f"a.mp4 waits: {calibration}" in str(error)
    assert names(folder) == {"a.mp4", "inbox.json", ".inbox.lock"}


def test_an_engine_that_cannot_run_here_puts_no_video_in_quarantine(
    folder, clip, weights_file, onnx_file, monkeypatch
):
    """No check before the run finds it, and its sentence names no file."""
    monkeypatch.setattr(choose, "can_run", lambda name: name != "openvino-bf16")
    (folder / "a.mp4").write_bytes(clip)
    asked = {"detector": "yolo", "weights": weights_file, "engine": "openvino-bf16"}
    error = look(folder, attempts=1, **asked).result(raise_on_failure=False)
    assert isinstance(error, StageFailed)
    assert "a.mp4 waits: --engine openvino-bf16" in str(error)
    assert names(folder) == {"a.mp4", "inbox.json", ".inbox.lock"}


def test_a_second_look_at_the_same_time_says_so_and_ends_well(folder, clip):
    (folder / "a.mp4").write_bytes(clip)
    with only_one(folder):
        state = look(folder)
    assert state.is_completed()
    assert "another look is at work" in state.result().lines[0]
    assert names(folder) == {"a.mp4", ".inbox.lock"}


def test_a_copy_that_grows_during_the_look_is_left(folder, clip):
    path = folder / "a.mp4"
    path.write_bytes(clip[:100])
    done = threading.Event()

    def copy():
        with path.open("ab") as file:
            while not done.wait(0.02):
                file.write(b"\0")
                file.flush()

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        state = look(folder, settle_sec=0.3)
    finally:
        done.set()
        copying.join()
    assert state.result().lines[0] == "a.mp4: waiting. It is still being written to."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--inbox is needed"),
        (["--inbox", "nowhere"], "no such folder"),
        (["--inbox", ".", "--video", "a.mp4"], "--video"),
        (["--inbox", ".", "--processed", "."], "--processed"),
        (["--inbox", ".", "--calibration", "nowhere.yaml"], "no such file"),
        (["--inbox", ".", "--settle-sec", "-1"], "--settle-sec"),
    ],
)
def test_bad_input_gets_one_sentence_and_code_2(tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code = command_line.main(nearmiss_inbox, InboxConfig, check=check, arguments=arguments)
    said = capsys.readouterr().err
    assert code == 2
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
