"""The near-miss flow as its user runs it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from nearmiss_clip import make_clip

from flows.nearmiss import check, nearmiss
from tasks import command_line
from tasks.gates import FAILED_STATE
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.detectors import stages
from tasks.nearmiss.frames import FrameReader
from tasks.nearmiss.scoring import EVENT_COLUMNS
from tasks.runs import OWNER_FILE

FILES = {
    OWNER_FILE,
    "annotated_video.mp4",
    "camera.parquet",
    "detections.parquet",
    "events.csv",
    "frames.parquet",
    "frequency.png",
    "gate_detections.json",
    "gate_events.json",
    "gate_interactions.json",
    "gate_video.json",
    "heatmap.png",
    "interactions.csv",
    "metadata.json",
    "record.json",
    "rejected.csv",
    "report.html",
    "risk_distribution.png",
    "sample_detections.jpg",
    "sample_frames.jpg",
    "sights.parquet",
    "summary.md",
    "timeline.png",
    "tracks.parquet",
    "tracks_mot.txt",
    "trajectories.png",
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "crossing.mp4")


def run(clip, folder, **changed):
    settings = {"video": [str(clip)], "output_dir": folder, "detector": "motion", "stride": 1}
    return nearmiss(NearMissConfig(**(settings | changed)), return_state=True)


@pytest.fixture(scope="module")
def finished(clip, tmp_path_factory, prefect_server):
    """The flow's first run on the clip: its output folder and last lines."""
    folder = tmp_path_factory.mktemp("runs")
    state = run(clip, folder)
    assert state.is_completed(), state.message
    return folder, state.result().lines


def test_all_files_are_there(finished):
    folder, lines = finished
    assert {path.name for path in (folder / "crossing").iterdir()} == FILES
    assert lines[-1] == f"Report: {folder / 'crossing' / 'report.html'}"
    assert any("near-miss event" in line for line in lines)


def test_the_meeting_is_found(finished):
    folder, _ = finished
    events = pd.read_csv(folder / "crossing" / "events.csv")
    assert list(events.columns) == EVENT_COLUMNS
    assert len(events) >= 1
    assert events["risk_score"].max() > 0.4
    # The blocks touch at x = 140, 28 frames after they appear.
    worst = events.loc[events["risk_score"].idxmax()]
    assert 1.6 < worst["timestamp_sec"] < 2.8


def test_the_record_tells_everything(finished, clip):
    folder, _ = finished
    record = json.loads((folder / "crossing" / "record.json").read_text())
    assert set(record) == {
        "flow",
        "command",
        "config",
        "data",
        "code",
        "environment",
        "seed",
        "timings",
        "metrics",
        "outputs",
        "warnings",
    }
    assert str(clip) in record["command"]
    again = command_line.parse(NearMissConfig, record["command"].split()[2:])
    assert again.model_dump(mode="json") == record["config"]
    assert record["data"][0]["counts"]["frames"] == 60
    listed = {output["path"] for output in record["outputs"].values()}
    assert listed == FILES - {"record.json", OWNER_FILE}
    assert record["metrics"]["rate"]["n"] == record["metrics"]["events"]["total"]


def test_the_annotated_video_has_every_frame(finished):
    folder, _ = finished
    frames = list(FrameReader(folder / "crossing" / "annotated_video.mp4"))
    assert len(frames) == 60


def test_the_run_page_tells_the_story(clip, tmp_path, artifacts_of_run):
    state = run(clip, tmp_path)
    artifacts = artifacts_of_run(state.state_details.flow_run_id)
    for key in ("summary", "events", "tracks", "detections", "video", "gate-video"):
        assert key in artifacts
    assert "near-miss event" in artifacts["summary"].description
    pictures = [a for key, a in artifacts.items() if key.startswith("report-")]
    assert len(pictures) == 4
    for picture in pictures:
        assert "data:image/" in picture.data
        assert len(picture.data) < 300_000


def test_a_second_run_is_cached_and_a_changed_threshold_keeps_the_detections(
    finished, clip, monkeypatch
):
    folder, _ = finished
    stages_run = []
    from tasks import caching

    original = caching.Stage.__call__

    def watch(self, **arguments):
        result, cached = original(self, **arguments)
        stages_run.append((self.name, cached))
        return result, cached

    monkeypatch.setattr(caching.Stage, "__call__", watch)
    assert run(clip, folder).is_completed()
    assert all(cached for _, cached in stages_run), stages_run
    stages_run.clear()
    assert run(clip, folder, ttc_threshold=1.0).is_completed()
    cached = dict(stages_run)
    assert cached["detect"]
    assert cached["track"]
    assert not cached["score"]
    stages_run.clear()
    assert run(clip, folder, refresh=True).is_completed()
    assert not any(cached for _, cached in stages_run)


def test_a_made_up_detection_stops_the_run_at_the_gate(clip, tmp_path, prefect_server, monkeypatch):
    """The detector says that a road user is outside the picture."""
    from tasks.nearmiss.detectors.motion import MotionDetector

    honest = MotionDetector.detect

    def doctored(self, image, conf_threshold):
        found = honest(self, image, conf_threshold)
        found.boxes[:, 2] += 1000
        return found

    monkeypatch.setattr(MotionDetector, "detect", doctored)
    state = run(clip, tmp_path)
    assert state.is_failed()
    assert state.name == FAILED_STATE
    assert "No box reaches over the right edge" in state.message
    assert not (tmp_path / "crossing" / "events.csv").exists()


def test_no_events_are_a_normal_result(tmp_path, prefect_server):
    quiet = make_clip(tmp_path / "quiet.mp4", frames=30, meet=False)
    state = run(quiet, tmp_path / "out")
    assert state.is_completed()
    assert "No near-miss was found." in state.result().lines
    assert {path.name for path in (tmp_path / "out" / "quiet").iterdir()} == FILES


def test_of_several_videos_a_broken_one_does_not_stop_the_others(
    clip, tmp_path, prefect_server, artifacts_of_run
):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:300])
    state = run(clip, tmp_path / "out", video=[str(broken), str(clip)])
    assert state.is_failed()
    assert "1 of 2 videos failed" in state.message
    assert (tmp_path / "out" / "crossing" / "report.html").is_file()
    (folder,) = (tmp_path / "out").glob("batch-*")
    rows = pd.read_csv(folder / "videos.csv")
    assert rows["state"].tolist() == ["failed", "completed"]
    assert "has no video stream" in rows["message"].iat[0]
    assert rows["events"].iat[1] >= 1
    (site,) = pd.read_csv(folder / "sites.csv").itertuples()
    assert site.site == "crossing.mp4"
    assert site.per_hour_low <= site.per_hour <= site.per_hour_high
    shown = artifacts_of_run(state.state_details.flow_run_id)
    assert {"videos", "sites", "summary"} <= set(shown), "on the page of the run that was started"


def test_two_videos_of_one_name_keep_their_own_folders(finished, clip, tmp_path):
    folder, _ = finished
    other = make_clip(tmp_path / "crossing.mp4", frames=30, meet=False)
    assert run(other, folder).is_completed()
    names = {path.name for path in folder.iterdir() if path.name[0] != "."}
    assert len(names) == 2
    assert any(name.startswith("crossing-") for name in names)


def test_without_weights_auto_falls_back_and_says_so(clip, tmp_path, prefect_server, monkeypatch):
    from tasks.nearmiss import weights

    def offline():
        raise weights.NoWeights("the download failed: offline")

    monkeypatch.setattr(weights, "find_model", lambda name: None)
    monkeypatch.setattr(weights, "download_weights", offline)
    monkeypatch.setattr(stages._download_weights, "retry_delay_seconds", 0)
    state = run(clip, tmp_path, detector="auto")
    assert state.is_completed(), state.message
    record = json.loads((tmp_path / "crossing" / "record.json").read_text())
    assert any("Classes are guesses" in warning for warning in record["warnings"])
    page = (tmp_path / "crossing" / "report.html").read_text()
    assert page.index("Classes are guesses") < page.index("<video")
    assert "Classes are guesses" in (tmp_path / "crossing" / "summary.md").read_text()
    failed = run(clip, tmp_path / "strict", detector="yolo")
    assert failed.is_failed()
    assert "There are no YOLO weights" in failed.message


def bad_inputs(folder):
    """Flags that a person may get wrong, and a word of the answer."""
    empty, text, playlist = folder / "empty.mp4", folder / "notes.txt", folder / "list.m3u8"
    empty.write_bytes(b"")
    text.write_text("car,bus\n1,2\n")
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nsecret.mp4\n")
    (folder / "nothing").mkdir(exist_ok=True)
    yaml, wrong_yaml = folder / "a.yaml", folder / "b.yaml"
    yaml.write_text("stride: [")
    wrong_yaml.write_text("strides: 2")
    weights = folder / "weights.pt"
    return [
        (["--video", "nowhere.mp4"], "no such file"),
        (["--video", empty], "empty"),
        (["--video", text], "video"),
        (["--video", playlist], "video"),
        (["--video", folder / "nothing"], "no video"),
        (["--video"], "needs a value"),
        (["--stride", "0"], "--stride"),
        (["--stride", "two"], "--stride"),
        (["--conf-threshold", "1.5"], "--conf-threshold"),
        (["--imgsz", "650"], "--imgsz"),
        (["--ttc-threshold", "-1"], "--ttc-threshold"),
        (["--proximity-threshold", "0"], "--proximity-threshold"),
        (["--tracker", "magic"], "--tracker"),
        (["--detector", "magic"], "--detector"),
        (["--weights", weights], "no such file"),
        (["--config", folder / "nowhere.yaml"], "--config"),
        (["--config", yaml], "not a YAML file"),
        (["--config", wrong_yaml], "--strides"),
        (["--vidoe", "a.mp4"], "--vidoe"),
        (["--max-disappeared", "0"], "--max-disappeared"),
    ]


@pytest.mark.parametrize("number", range(20))
def test_bad_input_gets_one_sentence_and_code_2(number, tmp_path, capsys):
    arguments, expected = bad_inputs(tmp_path)[number]
    arguments = [str(word) for word in ["--output-dir", tmp_path / "out", *arguments]]
    code = command_line.main(nearmiss, NearMissConfig, check=check, arguments=arguments)
    said = capsys.readouterr().err
    assert code == 2
    assert expected in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_picture_size_that_changes_on_the_way_is_bad_input(tmp_path, prefect_server):
    import av

    parts = []
    for number, size in enumerate([(320, 240), (160, 120)]):
        part = tmp_path / f"{number}.ts"
        with av.open(str(part), "w") as container:
            stream = container.add_stream("libx264", rate=20)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for _ in range(20):
                picture = np.zeros((size[1], size[0], 3), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            container.mux(stream.encode(None))
        parts.append(part.read_bytes())
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(parts))
    state = run(joined, tmp_path / "out")
    assert state.is_failed()
    assert "picture size changes from 320x240 to 160x120" in state.message


def test_the_script_itself_ends_with_code_2_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "flows" / "nearmiss.py"), "--video", "nowhere.mp4"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "nowhere.mp4: there is no such file or folder."
