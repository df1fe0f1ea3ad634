"""Clips are cut and looped frame by frame, without encoding them again."""

import pytest

from tasks.errors import BadInput
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


def test_a_clip_that_is_too_short_is_refused_with_the_least_length(tmp_path):
    video = make_clip(tmp_path / "clip.mp4", frames=10)
    with pytest.raises(BadInput, match=r"1\.0 s are too short to measure; the least is 2 s"):
        clip_of(video, 20, tmp_path)
