"""A video in pieces gives the tables of the whole one."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from videos import make_clip, number_in

from tasks.errors import BadInput, StageFailed
from tasks.nearmiss.chunks import Chunk, plan_chunks
from tasks.nearmiss.detection import detect_video, look_again
from tasks.nearmiss.detectors import Detections
from tasks.nearmiss.frames import FrameReader

FPS, STRIDE, SECONDS = 10, 3, 1.5
OPTIONS = {"bf": "3", "x264-params": "open-gop=1:b-adapt=0:scenecut=0"}


class BrightSpots:
    """Finds the bright part of a picture: another box for another picture, without a memory."""

    classes_are_guesses = True

    def detect(self, image, conf_threshold):
        rows, columns = np.nonzero(image.max(axis=2) > 128)
        if not len(rows):
            return Detections.none()
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        confidence = np.float32(0.5 + image.mean() / 512)
        return Detections(np.array([box], np.float32), np.array([confidence]), np.array([0]))

    def detect_all(self, images, conf_threshold):
        for image in images:
            yield self.detect(image, conf_threshold)


@pytest.fixture(scope="module", params=[{}, OPTIONS], ids=["plain", "open groups of pictures"])
def clip(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "clip.mp4"
    return make_clip(path, frames=80, fps=FPS, key_every=8, options=request.param)


def detect(clip, folder, chunk=None):
    files = {kind: folder / f"{kind}.parquet" for kind in ("detections", "frames")}
    found = detect_video(
        clip,
        BrightSpots(),
        stride=STRIDE,
        conf_threshold=0.1,
        fps=FPS,
        frames_expected=80,
        detections_file=files["detections"],
        frames_file=files["frames"],
        chunk=chunk,
    )
    return found, {kind: pd.read_parquet(path) for kind, path in files.items()}


def test_the_pieces_give_the_tables_of_the_whole(clip, tmp_path):
    whole, expected = detect(clip, tmp_path)
    assert expected["detections"]["frame_index"].nunique() > 20, "the clip shows too little"
    plan = plan_chunks(clip, SECONDS)
    assert len(plan) == 5
    pieces = [detect(clip, tmp_path, chunk)[1] for chunk in plan]
    for kind, table in expected.items():
        joined = pd.concat([piece[kind] for piece in pieces], ignore_index=True)
        pd.testing.assert_frame_equal(joined, table, check_categorical=False)
    camera, samples = look_again(
        clip, expected["detections"], stride=STRIDE, fps=FPS, frames_expected=80
    )
    pd.testing.assert_frame_equal(camera.transforms(), whole.camera.transforms())
    assert [frame.index for frame, _ in samples] == [frame.index for frame, _ in whole.samples]
    for (_, found), (_, known) in zip(samples, whole.samples, strict=True):
        np.testing.assert_array_equal(found.boxes, known.boxes)


def test_a_transport_stream_with_b_frames_is_read_from_before_its_key_frames(tmp_path):
    """A search in it lands behind the key frame, for that is stored before it is shown."""
    options = {"x264-params": "bframes=3:b-adapt=0:scenecut=0"}
    clip = make_clip(tmp_path / "road.ts", frames=80, fps=FPS, key_every=8, x264=options)
    plan = plan_chunks(clip, SECONDS)
    assert len(plan) == 5
    readers = [FrameReader(clip, chunk=chunk) for chunk in plan]
    numbers = [number_in(frame.image) for reader in readers for frame in reader]
    assert numbers == list(range(80))
    assert [reader.damaged for reader in readers] == [0] * 5


def test_a_look_for_the_camera_takes_little_memory_beside_the_table(clip):
    """Most of the detections are of frames that are not looked at, as in a long video."""
    number = np.repeat(np.arange(4000, dtype="int32"), 2)
    table = pd.DataFrame({"frame_index": number, "timestamp_sec": number / FPS})
    table["class"] = pd.Categorical(["car"] * len(number))
    for name in ("confidence", "x1", "y1", "x2", "y2"):
        table[name] = np.float32(1)
    tracemalloc.start()
    try:
        look_again(clip, table, stride=STRIDE, fps=FPS, frames_expected=80)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_a_plan_covers_every_frame_once_and_begins_at_key_frames(clip):
    plan = plan_chunks(clip, SECONDS)
    assert [chunk.first_frame for chunk in plan] == [0, 16, 32, 48, 64]
    assert sum(chunk.frames for chunk in plan) == 80
    (only,) = plan_chunks(clip, 3600)
    assert only.frames == 80


def test_a_piece_that_lacks_frames_is_no_result(clip):
    chunk = Chunk(0, 0, 99, 0.0, 0.0, np.inf)
    with pytest.raises(StageFailed, match=r"80 of 99 frames .* without --chunk-sec"):
        list(FrameReader(clip, chunk=chunk))


def test_a_video_whose_clock_starts_anew_cannot_be_split(tmp_path):
    one = make_clip(tmp_path / "one.ts", frames=40, fps=FPS)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() * 2)
    with pytest.raises(BadInput, match="clock starts anew"):
        plan_chunks(both, SECONDS)
    assert len(plan_chunks(one, SECONDS)) > 1


def test_what_is_no_video_cannot_be_split(tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"no video")
    with pytest.raises(BadInput):
        plan_chunks(file, 1)
