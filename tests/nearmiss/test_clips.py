"""Clips: times, boxes, one pass, safe names, nothing half written."""

import math

import av
import cv2
import numpy as np
import pytest
from review_data import FPS, FRAMES, crossing_tracks, interaction, table, write_video

from tasks.errors import BadInput
from tasks.nearmiss.frames import FrameReader, packet_times
from tasks.nearmiss.review import clips, shots
from tasks.nearmiss.review.clips import put_lines, write_clips
from tasks.nearmiss.review.shots import Shot, check_ids, passes, window


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("source") / "grey.mp4")


@pytest.fixture
def reads(monkeypatch):
    """Counts how often the video is read from its start."""
    counted = []

    class Counting(FrameReader):
        def __iter__(self):
            counted.append(self.path)
            return super().__iter__()

    monkeypatch.setattr(clips, "FrameReader", Counting)
    return counted


def is_red(image):
    """Which pixels are the red of an alarm."""
    blue, green, red = (image[..., channel].astype(int) for channel in range(3))
    return (red > 140) & (green < 90) & (blue < 90)


def test_a_clip_runs_from_before_to_after_the_meeting_and_plays_in_browsers(video, tmp_path):
    made = write_clips(video, table(interaction("k001")), crossing_tracks(), tmp_path, fps=FPS)
    times = packet_times(made["k001"].video)
    assert made["k001"].video == tmp_path / "k001.mp4"
    assert times[0] == 0
    assert times[-1] == pytest.approx(1.5 + 1.0 + 1.5, abs=1.5 / FPS)
    with av.open(str(made["k001"].video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    content = made["k001"].video.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_boxes_are_red_while_they_meet_and_only_then(video, tmp_path):
    made = write_clips(video, table(interaction("k001")), crossing_tracks(), tmp_path, fps=FPS)
    red = {round(f.time, 2): is_red(f.image).sum() for f in FrameReader(made["k001"].video)}
    assert red[0.4] == 0
    assert red[2.0] > 100
    assert red[3.6] == 0


def test_boxes_lie_on_the_road_users_also_between_processed_frames(video, tmp_path):
    tracks = crossing_tracks(stride=4)
    made = write_clips(video, table(interaction("k001")), tracks, tmp_path, fps=FPS, stride=4)
    frames = list(FrameReader(made["k001"].video))
    for position in (40, 41, 42, 43):
        ys, xs = np.nonzero(is_red(frames[position].image[60:140]))
        index = round((4.48 - 1.5) * FPS) + position
        expected = index / FRAMES * 320
        assert xs.min() == pytest.approx(min(expected - 20, 154), abs=4)
        assert ys.size


def test_overlapping_clips_need_one_pass(video, tmp_path, reads):
    wanted = table(*(interaction(f"k{n}", worst_sec=4.6 + 0.1 * n) for n in range(8)))
    made = write_clips(video, wanted, crossing_tracks(), tmp_path, fps=FPS)
    assert list(made) == [f"k{n}" for n in range(8)]
    assert len(reads) == 1


def test_more_overlapping_clips_than_can_be_open_take_another_pass(
    video, tmp_path, reads, monkeypatch
):
    monkeypatch.setattr(shots, "MAX_OPEN", 2)
    rows = [interaction(f"k{n}") for n in range(3)]
    rows.append(interaction("late", start_sec=8.6, worst_sec=8.8, end_sec=9.0, worst_frame=220))
    made = write_clips(video, table(*rows), crossing_tracks(), tmp_path, fps=FPS)
    assert len(made) == 4
    assert len(reads) == 2


def test_never_more_shots_of_a_pass_run_at_once_than_allowed():
    rng = np.random.default_rng(3)
    starts = rng.uniform(0, 60, 200)
    made = [
        Shot(str(n), frozenset(), s, s + d, s, s, s, math.nan, [])
        for n, (s, d) in enumerate(zip(starts, rng.uniform(1, 8, 200), strict=True))
    ]
    groups = passes(made)
    assert sorted(shot.id for group in groups for shot in group) == sorted(s.id for s in made)
    most = 0
    for group in groups:
        for shot in group:
            running = sum(other.start <= shot.start <= other.end for other in group)
            assert running <= shots.MAX_OPEN
    at_once = [sum(o.start <= s.start <= o.end for o in made) for s in made]
    most = max(at_once)
    assert len(groups) == math.ceil(most / shots.MAX_OPEN)


def test_real_times_are_kept(tmp_path):
    times = np.cumsum(np.where(np.arange(FRAMES) % 3 == 0, 0.02, 0.06))
    source = write_video(tmp_path / "uneven.mp4", times - times[0])
    made = write_clips(source, table(interaction("k001")), crossing_tracks(), tmp_path, fps=FPS)
    steps = np.diff(packet_times(made["k001"].video))
    assert set(np.round(steps, 2)) == {0.02, 0.06}


def test_a_long_interaction_is_cut_around_its_worst_moment():
    assert window(interaction("k", start_sec=10, end_sec=40, worst_sec=30)) == (26, 34)


def test_a_long_interaction_that_is_worst_at_its_end_is_not_cut_past_it():
    assert window(interaction("k", start_sec=10, end_sec=40, worst_sec=40)) == (33.5, 41.5)
    assert window(interaction("k", start_sec=10, end_sec=40, worst_sec=10)) == (8.5, 16.5)


def test_without_any_time_there_is_no_clip(video, tmp_path):
    row = interaction("k001", start_sec=math.nan, end_sec=math.nan, worst_sec=math.inf)
    assert window(row) is None
    assert write_clips(video, table(row), crossing_tracks(), tmp_path, fps=FPS) == {}


def test_a_time_after_the_videos_end_gives_no_clip(video, tmp_path):
    row = interaction("k001", start_sec=100.0, end_sec=101.0, worst_sec=100.5, worst_frame=2500)
    assert write_clips(video, table(row), crossing_tracks(), tmp_path, fps=FPS) == {}
    assert list(tmp_path.iterdir()) == []


def test_missing_values_do_not_stop_a_clip(video, tmp_path):
    gone = dict.fromkeys(
        ["min_ttc_sec", "ttc_low_sec", "ttc_high_sec", "min_distance", "worst_frame"], math.nan
    )
    made = write_clips(
        video, table(interaction("k001", **gone)), crossing_tracks(), tmp_path, fps=FPS
    )
    assert made["k001"].frame is not None


def test_the_worst_frame_and_a_close_up_are_saved(video, tmp_path):
    made = write_clips(video, table(interaction("k001")), crossing_tracks(), tmp_path, fps=FPS)
    frame = cv2.imread(str(made["k001"].frame))
    near = cv2.imread(str(made["k001"].close_up))
    assert frame.shape == (180, 320, 3)
    assert near.shape[1] == clips.CLOSE_UP_WIDTH
    assert is_red(frame).sum() > 50
    assert is_red(near).sum() > is_red(frame).sum()


def test_a_road_user_that_is_not_seen_leaves_no_close_up(video, tmp_path):
    wanted = table(interaction("k001", track_id_1=7, track_id_2=8))
    made = write_clips(video, wanted, crossing_tracks(), tmp_path, fps=FPS)
    assert made["k001"].close_up is None
    assert made["k001"].frame is not None


@pytest.mark.parametrize(
    "name", ["../k1", "a/b", "", ".hidden", "k 1", "k1.mp4", "é", "k\n", "x" * 65, 3, None, "-k"]
)
def test_an_unsafe_id_is_refused(name, video, tmp_path):
    with pytest.raises(ValueError, match="name of a file"):
        write_clips(video, table(interaction(name)), crossing_tracks(), tmp_path, fps=FPS)


def test_an_id_twice_is_refused_also_in_another_letter_case():
    with pytest.raises(ValueError, match="twice"):
        check_ids(["k1", "K1"])


def test_an_error_leaves_no_file(video, tmp_path, monkeypatch):
    def fail(image, index, time):
        if time > 4:
            raise RuntimeError("disk full")

    monkeypatch.setattr(clips, "draw_clock", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_clips(
            video,
            table(interaction("k1"), interaction("k2")),
            crossing_tracks(),
            tmp_path,
            fps=FPS,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_video_is_the_users_to_know(tmp_path):
    (tmp_path / "x.mp4").write_text("no video")
    with pytest.raises(BadInput):
        write_clips(
            tmp_path / "x.mp4", table(interaction("k")), crossing_tracks(), tmp_path, fps=FPS
        )


def test_a_long_caption_fits_the_picture():
    image = np.full((180, 320, 3), 128, np.uint8)
    put_lines(image, ["a very long name of a road user " * 4, "short"])
    assert (image[150:, -1] == 128).all()
    assert (image[170] == 0).any()
