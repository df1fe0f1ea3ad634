"""Frames come in order, with the file's own times, and as many as can be read."""

import os
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from videos import make_clip, make_sound, number_in, picture

from tasks.errors import BadInput
from tasks.nearmiss import sources
from tasks.nearmiss.frames import FrameReader, open_video, packet_times, sample_frames
from tasks.nearmiss.ingest import probe

CONTAINERS = [
    ("clip.mp4", "libx264"),
    ("clip.mkv", "libx264"),
    ("clip.mov", "mpeg4"),
    ("clip.avi", "mpeg4"),
    ("clip.ts", "libx264"),
    ("clip.mpg", "mpeg2video"),
    ("clip.flv", "libx264"),
    ("clip.webm", "libvpx"),
]


def numbers(images) -> list[int]:
    return [number_in(image) for image in images]


def all_of(path: Path, **options) -> tuple[FrameReader, list]:
    reader = FrameReader(path, **options)
    return reader, list(reader)


# --- FrameReader ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_frames_come_in_order_with_their_times(tmp_path, name, codec):
    fps = 25
    reader, frames = all_of(make_clip(tmp_path / name, frames=20, fps=fps, codec=codec))
    assert [frame.index for frame in frames] == list(range(20))
    assert numbers(frame.image for frame in frames) == list(range(20))
    # FLV and Matroska count in milliseconds.
    assert [frame.time for frame in frames] == pytest.approx([n / fps for n in range(20)], abs=1e-3)
    assert (reader.damaged, reader.out_of_order) == (0, 0)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuvj420p"])
def test_images_are_bgr_whatever_the_file_stores(tmp_path, pixel_format):
    _, frames = all_of(make_clip(tmp_path / "clip.mp4", frames=9, pixel_format=pixel_format))
    assert numbers(frame.image for frame in frames) == list(range(9))
    image = frames[3].image
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert image[24, 4].min() > 240
    assert image[24, 60].max() < 15


def test_variable_times_are_kept(tmp_path):
    times = [0.0, 0.04, 0.14, 0.15, 0.5, 1.25]
    _, frames = all_of(make_clip(tmp_path / "clip.mp4", frames=6, times=times))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-4)


def test_time_starts_at_the_first_frame(tmp_path):
    path = make_clip(tmp_path / "clip.ts", frames=5, fps=10)
    assert packet_times(path)[0] > 0.1, "MPEG-TS starts its clock later"
    assert [frame.time for frame in FrameReader(path)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("stride", [1, 2, 3, 7, 50])
def test_only_every_stride_th_frame_has_an_image(tmp_path, stride):
    _, frames = all_of(make_clip(tmp_path / "clip.mp4"), stride=stride)
    assert len(frames) == 20
    pictured = [frame for frame in frames if frame.image is not None]
    assert [frame.index for frame in pictured] == list(range(0, 20, stride))
    assert numbers(frame.image for frame in pictured) == list(range(0, 20, stride))


def test_a_reader_can_be_read_twice(tmp_path):
    reader = FrameReader(make_clip(tmp_path / "clip.mp4", frames=5))
    assert len(list(reader)) == len(list(reader)) == 5


@pytest.mark.parametrize(
    ("rotation", "size", "white_corner"),
    [(90, (48, 64), "bottom"), (-90, (48, 64), "top"), (180, (64, 48), "right")],
)
def test_a_stored_rotation_is_applied(tmp_path, rotation, size, white_corner):
    # The picture's lowest bit is a white bar on the left.
    path = make_clip(tmp_path / "clip.mp4", frames=2, rotation=rotation)
    _, frames = all_of(path)
    image = frames[1].image
    assert (image.shape[1], image.shape[0]) == size
    edges = {
        "left": image[:, :4],
        "right": image[:, -4:],
        "top": image[:4],
        "bottom": image[-4:],
    }
    assert edges[white_corner].mean() > 240
    dark = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[white_corner]
    assert edges[dark].mean() < 15


def test_a_change_of_size_is_refused_where_it_happens(tmp_path):
    small = make_clip(tmp_path / "small.ts", frames=10)
    large = make_clip(tmp_path / "large.ts", frames=10, size=(96, 64))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    seen = []
    with pytest.raises(BadInput, match=r"changes from 64x48 to 96x64 at frame 10"):
        seen.extend(frame.index for frame in FrameReader(path))
    assert seen == list(range(10))


def test_a_clock_that_starts_anew_goes_on_from_the_time_before(tmp_path):
    """Two recordings put together byte by byte: 4 s and 3 s, both from the same time on."""
    one = make_clip(tmp_path / "one.ts", frames=40, fps=10)
    two = make_clip(tmp_path / "two.ts", frames=30, fps=10)
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    reader, frames = all_of(path, fps=10)
    assert numbers(frame.image for frame in frames) == [*range(40), *range(30)]
    assert [frame.time for frame in frames] == pytest.approx(np.arange(70) / 10)
    assert reader.out_of_order == 0
    assert np.diff(packet_times(path)) == pytest.approx(0.1)
    metadata = probe(path)
    assert (metadata.frames, metadata.duration_sec) == (70, pytest.approx(7))
    assert metadata.fps == pytest.approx(10)
    assert numbers(sample_frames(path, 3)) == [0, 34, 29]


def test_frames_far_out_of_order_in_the_file_are_no_new_clock(tmp_path):
    """A frame a second, some stored seconds behind one that is shown later."""
    path = make_clip(tmp_path / "clip.mp4", frames=20, fps=1)
    with open_video(path) as (container, stream):
        stored = [float(packet.pts * stream.time_base) for packet in container.demux(stream)
                  if packet.size]  # fmt: skip
    assert min(np.diff(stored)) < -1, "the frames are stored in order"
    assert packet_times(path) == pytest.approx(np.arange(20))
    assert [frame.time for frame in FrameReader(path, fps=1)] == pytest.approx(np.arange(20))


def test_a_file_cut_off_is_read_up_to_the_cut(tmp_path):
    whole = make_clip(tmp_path / "w.mp4", frames=100, options={"movflags": "+faststart"})
    content = whole.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: len(content) * 60 // 100])
    packets = len(packet_times(path))
    _, frames = all_of(path)
    assert 0 < packets < 100
    # The cut packet and what a decoding thread still held behind it may be lost.
    assert packets - 5 <= len(frames) <= packets
    assert numbers(frame.image for frame in frames) == list(range(len(frames)))


def test_an_mp4_without_its_index_is_refused(tmp_path):
    content = make_clip(tmp_path / "whole.mp4", frames=100).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) * 60 // 100])
    with pytest.raises(BadInput, match="is the file complete"):
        list(FrameReader(tmp_path / "cut.mp4"))


def test_damage_in_the_middle_is_counted_and_what_follows_keeps_its_times(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", frames=100, fps=10, key_every=8)
    with open_video(path) as (container, stream):
        places = [(packet.pos, packet.size) for packet in container.demux(stream) if packet.size]
    content = bytearray(path.read_bytes())
    for start, size in places[40:46]:
        content[start : start + size] = bytes(size)
    path.write_bytes(content)

    reader, frames = all_of(path, fps=10)
    assert 0 < reader.damaged <= 6
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.time for frame in frames]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert numbers(frame.image for frame in frames[:36]) == list(range(36))
    # Two key frames later nothing is left of it: frame 56 is at 5.6 s.
    assert numbers(frame.image for frame in frames[-44:]) == list(range(56, 100))
    assert times[-44:] == pytest.approx([number / 10 for number in range(56, 100)])


def test_a_single_frame_is_read(tmp_path):
    _, frames = all_of(make_clip(tmp_path / "clip.mp4", frames=1))
    assert [(frame.index, frame.time) for frame in frames] == [(0, 0.0)]


def test_frames_without_times_get_those_of_the_rate(tmp_path):
    _, frames = all_of(make_clip(tmp_path / "raw.h264", frames=10), fps=20)
    assert [frame.time for frame in frames] == pytest.approx([n / 20 for n in range(10)])


# --- what is no video ----------------------------------------------------------------------------


def text_file(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("Crossing at noon.\n" * 100)
    return path


def disguised_text(folder: Path) -> Path:
    return text_file(folder).rename(folder / "notes.mp4")


def empty_file(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def zeros(folder: Path) -> Path:
    (folder / "zeros.mp4").write_bytes(bytes(5000))
    return folder / "zeros.mp4"


def playlist(folder: Path) -> Path:
    make_clip(folder / "part.ts")
    path = folder / "list.m3u8"
    path.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\npart.ts\n#EXT-X-ENDLIST\n",
    )
    return path


def disguised_playlist(folder: Path) -> Path:
    return playlist(folder).rename(folder / "list.mp4")


def concat_list(folder: Path) -> Path:
    make_clip(folder / "part.mp4")
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile part.mp4\n")
    return folder / "list.mp4"


def stream_description(folder: Path) -> Path:
    (folder / "stream.sdp").write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )
    return folder / "stream.sdp"


NO_VIDEOS = {
    "text": (text_file, "is not a video file"),
    "text called mp4": (disguised_text, "cannot be read as a video"),
    "empty": (empty_file, "the file is empty"),
    "zeros": (zeros, "cannot be read as a video"),
    "missing": (lambda folder: folder / "missing.mp4", "there is no such file"),
    "name too long": (lambda folder: folder / ("a" * 300 + ".mp4"), "there is no such file"),
    "folder": (lambda folder: folder, "there is no such file"),
    "sound only": (lambda folder: make_sound(folder / "sound.m4a"), "has no video stream"),
    "playlist": (playlist, "is not a video file"),
    "playlist called mp4": (disguised_playlist, "cannot be read as a video"),
    "list of files": (concat_list, "is not a video file"),
    "description of a network stream": (stream_description, "cannot be read as a video"),
}


@pytest.mark.parametrize("use", [sources.check, packet_times, sample_frames, FrameReader])
@pytest.mark.parametrize("kind", NO_VIDEOS)
def test_what_is_no_video_is_refused_in_one_sentence(tmp_path, kind, use):
    make, reason = NO_VIDEOS[kind]
    path = make(tmp_path)
    with pytest.raises(BadInput, match=reason) as refused:
        list(use(path) if use is not sources.check else use(str(path)))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_stream_without_frames_has_none(tmp_path):
    path = make_clip(tmp_path / "clip.avi", frames=0, codec="mpeg4")
    assert list(FrameReader(path)) == []
    for use in (packet_times, sample_frames):
        with pytest.raises(BadInput, match="has no frames"):
            use(path)


@pytest.mark.parametrize(
    "name", ["12:30.mp4", "file:x.mp4", "http:x.mp4", "concat:x.mp4", "-i.mp4"]
)
def test_a_file_whose_name_looks_like_an_address_is_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4", frames=3).rename(tmp_path / name)
    assert len(list(FrameReader(Path(name)))) == 3


def test_a_picture_whose_name_looks_like_a_pattern_opens_no_other_file(tmp_path):
    for number, name in enumerate(["f1.png", "f2.png", "f%d.png"], start=1):
        cv2.imwrite(str(tmp_path / name), picture(number, (64, 48)))
    assert numbers(frame.image for frame in FrameReader(tmp_path / "f%d.png")) == [3]


# --- sample_frames -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
@pytest.mark.parametrize(
    ("n", "expected"), [(1, [0]), (2, [0, 24]), (3, [0, 12, 24]), (5, [0, 6, 12, 18, 24])]
)
def test_samples_are_evenly_spaced_from_the_first_to_the_last(tmp_path, name, codec, n, expected):
    path = make_clip(tmp_path / name, frames=25, fps=25, codec=codec)
    assert numbers(sample_frames(path, n)) == expected


def test_samples_of_a_stream_without_times_are_the_same(tmp_path):
    path = make_clip(tmp_path / "raw.h264", frames=25, fps=25)
    assert numbers(sample_frames(path, 3)) == [0, 12, 24]


def test_five_samples_are_the_default_and_the_path_may_be_text(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", frames=21)
    assert numbers(sample_frames(str(path))) == [0, 5, 10, 15, 20]


@pytest.mark.parametrize("n", [4, 5, 100])
def test_more_samples_than_frames_give_every_frame_once(tmp_path, n):
    path = make_clip(tmp_path / "clip.mp4", frames=4)
    assert numbers(sample_frames(path, n)) == [0, 1, 2, 3]


@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_sample_is_refused(tmp_path, n):
    with pytest.raises(BadInput, match=f"at least 1, got {n}"):
        sample_frames(make_clip(tmp_path / "clip.mp4"), n)


def test_samples_are_upright_bgr_pictures(tmp_path):
    images = sample_frames(make_clip(tmp_path / "clip.mp4", rotation=90), 2)
    assert [image.shape for image in images] == [(64, 48, 3)] * 2
    assert images[0].dtype == np.uint8


def test_samples_of_a_cut_file_end_where_it_is_cut(tmp_path):
    whole = make_clip(tmp_path / "w.mp4", frames=100, options={"movflags": "+faststart"})
    content = whole.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) * 60 // 100])
    read = len(list(FrameReader(tmp_path / "cut.mp4")))
    found = numbers(sample_frames(tmp_path / "cut.mp4", 4))
    assert found[0] == 0
    assert found == sorted(set(found))
    assert found[-1] >= read - 1


def test_no_file_stays_open(tmp_path):
    path = make_clip(tmp_path / "clip.mp4")
    before = len(os.listdir("/proc/self/fd"))
    for frame in FrameReader(path):
        if frame.index == 3:
            break
    sample_frames(path, 3)
    assert len(os.listdir("/proc/self/fd")) == before
