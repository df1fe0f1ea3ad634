"""Clips are cut and looped frame by frame, without encoding them again."""

import av
import pytest

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.nearmiss.benchmark.clips import clip_of, looped
from tasks.nearmiss.frames import FrameReader
from tests.nearmiss.videos import make_clip, number_in


def numbers(path) -> list[int]:
    return [number_in(frame.image) for frame in FrameReader(path)]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mpeg4")]
)
def test_a_loop_plays_the_clip_again_and_again_in_even_time(tmp_path, suffix, codec):
    video = make_clip(tmp_path / f"clip{suffix}", frames=20, codec=codec)
    reader = FrameReader(looped(video, 5, tmp_path))
    frames = list(reader)
    # The last ones of the 50 are left out where they need a frame from behind the end.
    assert 46 <= len(frames) <= 50
    assert [number_in(frame.image) for frame in frames] == [n % 20 for n in range(len(frames))]
    assert [frame.time for frame in frames] == pytest.approx(
        [n / 10 for n in range(len(frames))], abs=0.01
    )
    assert (reader.damaged, reader.out_of_order) == (0, 0)


def test_the_start_of_a_long_video_is_cut_off(tmp_path):
    video = make_clip(tmp_path / "clip.mp4", frames=60)
    clip = clip_of(video, 3, tmp_path / "cut")
    assert clip.path != video
    shown = numbers(clip.path)
    assert shown == list(range(len(shown)))
    assert 26 <= len(shown) <= 30
    assert clip_of(video, 20, tmp_path / "cut").path == video


def test_a_cut_is_the_same_file_each_time_and_is_of_its_source(tmp_path):
    """Matroska would draw a number for each."""
    video = make_clip(tmp_path / "clip.avi", frames=60, codec="mpeg4")
    one, other = (clip_of(video, 3, tmp_path / name) for name in ("one", "other"))
    assert one.path.suffix == ".mkv"
    assert sha256_of(one.path) == sha256_of(other.path)
    assert one.metadata.sha256 == sha256_of(video)


def test_two_seconds_of_a_long_video_are_not_too_short(tmp_path):
    x264 = {"x264-params": "bframes=8:b-adapt=0"}
    video = make_clip(tmp_path / "clip.mp4", frames=90, fps=25, x264=x264)
    clip = clip_of(video, 2, tmp_path / "cut")
    assert 1 < clip.metadata.duration_sec <= 2


def test_av1_is_cut_too(tmp_path):
    if "libsvtav1" not in av.codecs_available:
        pytest.skip("no AV1 encoder in this PyAV")
    video = make_clip(tmp_path / "clip.mp4", frames=60, codec="libsvtav1", size=(128, 96))
    clip = clip_of(video, 3, tmp_path / "cut")
    assert clip.metadata.codec in ("av1", "libdav1d")
    assert clip.metadata.frames >= 20


def test_a_clip_that_is_too_short_is_refused_with_the_least_length(tmp_path):
    video = make_clip(tmp_path / "clip.mp4", frames=10)
    with pytest.raises(BadInput, match=r"1\.0 s are too short to measure; the least is 2 s"):
        clip_of(video, 20, tmp_path)
