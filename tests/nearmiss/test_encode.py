"""The annotated video plays in a browser, keeps its times, and is whole or not there."""

import contextlib
import os
import resource

import av
import numpy as np
import pytest
from videos import number_in, picture

from tasks.errors import StageFailed
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.frames import FrameReader
from tasks.nearmiss.planes import Planes

SIZE = (64, 48)


def write(path, times, size=SIZE, fps=25.0):
    with VideoWriter(path, fps, *size) as writer:
        for number, time in enumerate(times):
            writer.write(picture(number, size), time)
    return path


def atoms(content: bytes) -> list[str]:
    """Types of an MP4 file's outermost parts, in order."""
    found, at = [], 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        found.append(content[at + 4 : at + 8].decode())
        at += length
    return found


def test_the_file_is_h264_in_yuv420p(tmp_path):
    path = write(tmp_path / "out.mp4", [number / 25 for number in range(20)])
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert stream.codec_context.name == "h264"
        assert stream.pix_fmt == "yuv420p"
        assert stream.average_rate == 25
        assert stream.frames == 20
        assert float(stream.duration * stream.time_base) == pytest.approx(0.8)


def test_the_index_is_in_front_of_the_pictures(tmp_path):
    path = write(tmp_path / "out.mp4", [0, 0.04, 0.08])
    order = atoms(path.read_bytes())
    assert order.index("moov") < order.index("mdat")


@pytest.mark.parametrize(
    ("times", "fps"),
    [
        ([number / 25 for number in range(20)], 25.0),
        ([number * 1001 / 30000 for number in range(20)], 29.97),
        ([number / 60 for number in range(20)], 60.0),
        ([0, 0.04, 0.14, 0.15, 0.5, 1.25, 1.2501], 25.0),
        ([0, 10.0, 10.033, 3600.0], 30.0),
        ([0.0], 25.0),
    ],
    ids=["25", "29.97", "60", "variable", "long gaps", "one picture"],
)
def test_pictures_keep_their_order_and_their_times(tmp_path, times, fps):
    frames = list(FrameReader(write(tmp_path / "out.mp4", times, fps=fps)))
    assert [number_in(frame.image) for frame in frames] == list(range(len(times)))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-4)


@pytest.mark.parametrize(
    ("size", "stored"),
    [((65, 49), (66, 50)), ((64, 49), (64, 50)), ((65, 48), (66, 48)), ((64, 48), (64, 48))],
)
def test_an_odd_last_row_or_column_is_repeated(tmp_path, size, stored):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[:, -1] = image[-1, :] = 255
    with VideoWriter(tmp_path / "out.mp4", 25, *size) as writer:
        writer.write(image, 0)
        writer.write(image, 0.04)
    frame = list(FrameReader(tmp_path / "out.mp4"))[1].image
    assert (frame.shape[1], frame.shape[0]) == stored
    assert frame[:, size[0] - 1 :].mean() > 200
    assert frame[size[1] - 1 :, :].mean() > 200
    assert frame[: size[1] - 8, : size[0] - 8].mean() < 30


def test_colours_stay_what_they_are(tmp_path):
    image = np.zeros((48, 64, 3), np.uint8)
    image[:] = (200, 60, 20)  # blue, green, red
    with VideoWriter(tmp_path / "out.mp4", 25, 64, 48) as writer:
        writer.write(image, 0)
    (frame,) = FrameReader(tmp_path / "out.mp4")
    assert frame.image[24, 32].tolist() == pytest.approx([200, 60, 20], abs=8)


@pytest.mark.parametrize(("space", "range_"), [(1, 2), (5, 1)])
def test_how_colours_are_coded_is_said_in_the_file(tmp_path, space, range_):
    """A player shows full range too dark, and BT.709 in other hues, where the file is silent."""
    y, u, v = np.zeros((48, 64), np.uint8), *np.full((2, 24, 32), 128, np.uint8)
    with VideoWriter(tmp_path / "out.mp4", 25, 64, 48) as writer:
        for number in range(3):
            writer.write(Planes(y, u, v, space, range_), number / 25)
    with av.open(str(tmp_path / "out.mp4")) as opened:
        context = opened.streams.video[0].codec_context
        assert (int(context.colorspace), int(context.color_range)) == (space, range_)


def test_a_view_into_a_larger_picture_can_be_written(tmp_path):
    large = np.zeros((96, 128, 3), np.uint8)
    large[24:72, 32:96] = picture(5, SIZE)
    with VideoWriter(tmp_path / "out.mp4", 25, *SIZE) as writer:
        writer.write(large[24:72, 32:96], 0)
    (frame,) = FrameReader(tmp_path / "out.mp4")
    assert number_in(frame.image) == 5


def test_the_same_pictures_make_the_same_bytes(tmp_path):
    times = [number / 25 for number in range(30)]
    first = write(tmp_path / "first.mp4", times).read_bytes()
    assert write(tmp_path / "second.mp4", times).read_bytes() == first


# --- whole or not at all -------------------------------------------------------------------------


class Lost(Exception):
    """What the block raises in these tests."""


def fail_after(writer, pictures):
    with writer:
        for number in range(pictures):
            writer.write(picture(number, SIZE), number / 25)
        raise Lost


# The tests hold on to the writer, as a traceback does that somebody keeps.
@pytest.mark.parametrize("pictures", [0, 1, 40])
def test_an_error_in_the_block_keeps_the_old_file(tmp_path, pictures):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")
    writer = VideoWriter(path, 25, *SIZE)
    with pytest.raises(Lost):
        fail_after(writer, pictures)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_an_error_in_the_block_leaves_nothing_where_nothing_was(tmp_path):
    writer = VideoWriter(tmp_path / "out.mp4", 25, *SIZE)
    with pytest.raises(Lost):
        fail_after(writer, 1)
    assert os.listdir(tmp_path) == []


def test_the_file_is_not_there_before_the_block_ends(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 25, *SIZE) as writer:
        writer.write(picture(0, SIZE), 0)
        assert not path.exists()
    assert path.stat().st_size > 0


def test_an_error_while_the_file_is_finished_keeps_the_old_one(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")
    writer = VideoWriter(path, 25, *SIZE)

    def write_times_that_go_back():
        with writer:
            for number, time in enumerate([0, 0.2, 0.1, 0.3]):
                writer.write(picture(number, SIZE), time)

    # The encoder only notices when it hands over what it still holds.
    with pytest.raises(av.error.FFmpegError):
        write_times_that_go_back()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_a_full_disk_keeps_the_old_file(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    writer = VideoWriter(path, 25, *SIZE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write_until_full():
        with writer:
            for number in range(40):
                writer.write(noise, number / 25)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            write_until_full()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_a_writer_that_cannot_start_leaves_nothing(tmp_path):
    writer = VideoWriter(tmp_path / "out.mp4", float("nan"), *SIZE)
    with pytest.raises(ValueError, match="NaN"), writer:
        writer.write(picture(0, SIZE), 0)
    assert os.listdir(tmp_path) == []


def test_no_picture_at_all_keeps_the_old_file(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"old")
    with contextlib.suppress(ValueError), VideoWriter(path, 25, *SIZE):
        pass
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_a_size_that_the_encoder_refuses_is_said_and_keeps_the_old_file(tmp_path):
    path = write(tmp_path / "out.mp4", [0])
    before = path.read_bytes()
    with pytest.raises(StageFailed, match="does not start for pictures of 20000x64"):
        write(path, [0], size=(20_000, 64))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["out.mp4"]
