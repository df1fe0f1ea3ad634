"""Live streams, recorded from a real RTSP server that is stopped and started again."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from mjpeg_camera import mjpeg_camera
from rtsp_camera import Camera, skip_without_server
from videos import BITS, make_clip, number_in

from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.frames import FrameReader
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.sources.stream import StreamRecorder
from tasks.nearmiss.watch import Watch

FPS, KEY_EVERY = 50, 5
SEGMENT_SEC = 0.5
OUTAGE_SEC = 1.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A minute with a number in each picture, for cameras to serve."""
    skip_without_server()
    folder = tmp_path_factory.mktemp("camera")
    # This server repeats the header before each slice, so that a picture comes in two packets.
    return make_clip(folder / "clip.mp4", frames=60 * FPS, fps=FPS, key_every=KEY_EVERY, slices=2)


@pytest.fixture
def camera(clip):
    running = Camera(clip).start()
    yield running
    running.kill()


def numbers_in(path):
    return [number_in(frame.image) for frame in FrameReader(path)]


def are_consecutive(numbers):
    return all((second - first) % 2**BITS == 1 for first, second in pairwise(numbers))


@pytest.fixture(scope="module")
def outage(clip, tmp_path_factory):
    """A watch over a camera that goes away and comes back: all that came out of it."""
    folder = tmp_path_factory.mktemp("outage")
    camera = Camera(clip, "viewer", "s3cret").start()
    address = camera.address.replace("//", "//viewer:s3cret@")
    watch, segments, warnings, hashes = Watch(folder, address), [], [], {}
    with StreamRecorder(
        address, folder / "segments", SEGMENT_SEC, warn=warnings.append
    ) as recorder:
        for segment in recorder:
            watch.add(segment)
            segments.append(segment)
            hashes[segment.path] = sha256_of(segment.path)
            if len(segments) == 3:
                camera.kill()
                killed = time.time()
                time.sleep(OUTAGE_SEC)
                camera.start()
                outage_sec = time.time() - killed
            if segment.gap and len(segments) > 3:
                recorder.stop()
    camera.kill()
    watch.end(recorder.closing_gap, "stopped")
    return {
        "folder": folder,
        "segments": segments,
        "back": next(i for i, found in enumerate(segments) if found.gap and i > 0),
        "killed": killed,
        "outage_sec": outage_sec,
        "warnings": warnings,
        "hashes": hashes,
        "recorder": recorder,
    }


def test_segments_before_and_after_an_outage_are_whole(outage):
    assert outage["back"] >= 3
    for segment in outage["segments"]:
        assert probe(segment.path).frames == segment.frames
        assert sha256_of(segment.path) == outage["hashes"][segment.path]
    # The one that was cut off may lack frames that were still to come between others.
    whole = [*outage["segments"][:3], outage["segments"][outage["back"]]]
    for segment in whole:
        assert probe(segment.path).duration_sec == pytest.approx(segment.seconds, abs=0.01)
    assert all(SEGMENT_SEC <= segment.seconds < SEGMENT_SEC + 0.5 for segment in whole)
    assert all(are_consecutive(numbers_in(segment.path)) for segment in whole)


def test_no_frame_is_lost_between_segments_of_one_connection(outage):
    first, second, third = outage["segments"][:3]
    assert second.gap is third.gap is None
    assert (first.end, second.end) == (second.start, third.start)
    shown = [number for one in (first, second, third) for number in numbers_in(one.path)]
    assert len(shown) == sum(one.frames for one in (first, second, third))
    assert are_consecutive(shown)


def test_the_gap_is_as_long_as_the_outage(outage):
    last, back = (outage["segments"][outage["back"] + step] for step in (-1, 0))
    gap = back.gap
    # At most the pause before the next try, and the key frame to begin with, come on top.
    assert outage["outage_sec"] - 0.3 < gap.seconds < outage["outage_sec"] + 6
    assert (gap.start, gap.end) == (last.end, back.start)
    assert gap.start.timestamp() == pytest.approx(outage["killed"], abs=2)
    assert "Connection refused" in gap.reason


def test_files_are_named_by_their_start(outage):
    for segment in outage["segments"]:
        stamp = f"{segment.start:%Y%m%dT%H%M%S}-{segment.start.microsecond // 1000:03d}Z"
        assert segment.path.name == f"{stamp}.mp4"
    names = [segment.path.name for segment in outage["segments"]]
    assert sorted(os.listdir(outage["folder"] / "segments")) == names


def test_the_record_tells_of_the_outage(outage):
    record = json.loads((outage["folder"] / "stream.json").read_text())
    assert len(record["segments"]) == len(outage["segments"])
    assert len(record["gaps"]) == 2  # the wait for the first frame, and the outage
    summary = record["summary"]
    missing = sum(gap["seconds"] for gap in record["gaps"])
    assert summary["total_sec"] == pytest.approx(summary["watched_sec"] + missing, abs=0.01)
    assert summary["longest_gap_sec"] >= outage["outage_sec"] - 0.3
    assert outage["recorder"].closing_gap is None


def test_the_login_is_nowhere(outage):
    told = "".join(outage["warnings"]) + repr(outage["segments"])
    kept = (outage["folder"] / "stream.json").read_text()
    names = "".join(str(path) for path in outage["folder"].rglob("*"))
    assert "***:***@127.0.0.1" in told
    assert "***:***@127.0.0.1" in kept
    for text in (told, kept, names):
        assert "s3cret" not in text
        assert "viewer" not in text
    for segment in outage["segments"]:
        assert b"s3cret" not in segment.path.read_bytes()


@pytest.mark.slow
def test_a_camera_that_says_nothing_is_noticed(camera, tmp_path):
    with StreamRecorder(
        camera.address, tmp_path, SEGMENT_SEC, max_segments=3, silence_sec=1
    ) as recorder:
        next(recorder)
        camera.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        cut_off = next(recorder)
        assert time.monotonic() - stopped < 1 + SEGMENT_SEC + 3
        camera.process.send_signal(signal.SIGCONT)
        back = next(recorder)
        assert next(recorder, None) is None
    assert probe(cut_off.path).frames == cut_off.frames
    assert "no data for 1 s" in back.gap.reason
    assert back.gap.seconds > 0.5


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (("//", "//viewer:wr0ng@"), BadInput, "401"),
        (("/road", "/street"), BadInput, "404"),
    ],
)
def test_a_refusal_is_not_tried_again(clip, tmp_path, change, error, sentence):
    camera = Camera(clip, *(["viewer", "s3cret"] if sentence == "401" else [])).start()
    began = time.monotonic()
    try:
        with (
            StreamRecorder(camera.address.replace(*change), tmp_path, SEGMENT_SEC) as recorder,
            pytest.raises(error, match=sentence) as caught,
        ):
            list(recorder)
    finally:
        camera.kill()
    assert time.monotonic() - began < 10  # of the 30 s for a camera that does not answer
    assert "wr0ng" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def everything_in(error):
    """The texts of an error and of all that it was raised from."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return " ".join(texts)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"reconnect_for_sec": 0.5}, r"tried again for 0\.5 s"),
        ({"stop_after_sec": 0.5}, r"no stream came in 0\.5 s"),
    ],
)
def test_a_wrong_address_is_one_sentence_within_its_time(tmp_path, limits, sentence):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"rtsp://viewer:s3cret@127.0.0.1:{nobody.getsockname()[1]}/road"
        began = time.monotonic()
        with (
            StreamRecorder(address, tmp_path, SEGMENT_SEC, **limits) as recorder,
            pytest.raises(StageFailed, match=sentence) as caught,
        ):
            list(recorder)
    assert 0.5 <= time.monotonic() - began < 5
    assert "Connection refused" in str(caught.value)
    assert "s3cret" not in everything_in(caught.value)
    assert recorder.closing_gap.seconds == pytest.approx(0.5, abs=2)


def test_what_answers_without_a_stream_is_given_up(tmp_path):
    """A server that takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"rtsp://127.0.0.1:{mute.getsockname()[1]}/road"
        began = time.monotonic()
        with (
            StreamRecorder(
                address, tmp_path, SEGMENT_SEC, reconnect_for_sec=0.5, silence_sec=0.3
            ) as recorder,
            pytest.raises(StageFailed, match=r"no answer in 0\.3 s"),
        ):
            list(recorder)
    assert time.monotonic() - began < 5


def test_a_folder_that_cannot_be_made(camera, tmp_path):
    (tmp_path / "file").touch()
    with (
        StreamRecorder(camera.address, tmp_path / "file" / "folder", SEGMENT_SEC) as recorder,
        pytest.raises(StageFailed, match=r"folder: cannot record here \(Not a directory\)"),
    ):
        list(recorder)


def test_a_full_disk_keeps_the_segments_before(camera, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with StreamRecorder(camera.address, tmp_path, SEGMENT_SEC) as recorder:
        first = next(recorder)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
            with pytest.raises(StageFailed, match=r"cannot record here \(File too large\)"):
                list(recorder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == [first.path]
    assert len(numbers_in(first.path)) == first.frames


RECORD = """
import sys
from pathlib import Path
from tasks.interruption import Interruption, first_interrupt_calls
from tasks.nearmiss.sources.stream import StreamRecorder
with Interruption(), StreamRecorder(sys.argv[1], Path(sys.argv[2]), 0.5) as recorder:
    with first_interrupt_calls(recorder.stop):
        for segment in recorder:
            print(segment.path.name, segment.frames, flush=True)
print("the end", flush=True)
"""


@pytest.mark.slow
def test_a_killed_and_an_interrupted_recorder_leave_whole_files(camera, tmp_path):
    endings = {"killed": signal.SIGKILL, "interrupted": signal.SIGINT}
    running = {
        name: subprocess.Popen(
            [sys.executable, "-c", RECORD, camera.address, tmp_path / name],
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
        )
        for name in endings
    }
    said = {}
    for name, process in running.items():
        first = process.stdout.readline()
        time.sleep(0.3)  # into the next segment
        process.send_signal(endings[name])
        said[name] = [first, *process.communicate(timeout=20)[0].splitlines(keepends=True)]

    files = {name: sorted((tmp_path / name).iterdir()) for name in endings}
    unfinished = [path for path in files["killed"] if path.name.startswith(".")]
    assert len(unfinished) == 1  # it was killed while it wrote
    whole = [path for paths in files.values() for path in paths if path not in unfinished]
    assert len(whole) >= 3
    for path in whole:
        assert len(numbers_in(path)) == probe(path).frames > 1

    assert running["interrupted"].returncode == 0
    assert said["interrupted"].pop() == "the end\n"
    assert [line.split()[0] for line in said["interrupted"]] == [
        path.name for path in files["interrupted"]
    ]


def test_segments_that_nobody_takes_are_dropped_and_told(camera, tmp_path):
    warnings = []
    with StreamRecorder(
        camera.address, tmp_path, 0.1, max_segments=2, max_waiting=1, warn=warnings.append
    ) as recorder:
        while not warnings:
            time.sleep(0.05)
        first, second = recorder
    assert first.end < second.start
    assert second.gap.reason == "dropped, because 1 segments wait to be processed"
    assert second.gap.start == first.end
    assert sorted(tmp_path.iterdir()) == [first.path, second.path]


def test_mjpeg_over_http_has_the_times_of_its_arrival(tmp_path):
    with (
        mjpeg_camera() as address,
        StreamRecorder(address, tmp_path, SEGMENT_SEC, max_segments=1) as recorder,
    ):
        (segment,) = recorder
    # FFmpeg by itself would call it 25 frames a second.
    assert probe(segment.path).fps == pytest.approx(10, rel=0.3)
    assert are_consecutive(numbers_in(segment.path))
