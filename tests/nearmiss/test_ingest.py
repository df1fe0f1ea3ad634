"""What a video is, what is wrong with it, and where videos are found."""

import hashlib
import os
import random
from pathlib import Path

import cv2
import pytest
from videos import make_clip, make_sound, picture

from tasks.errors import BadInput
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.sources import expand, is_url, safe_name

# --- probe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoder", "codec", "declared"),
    [
        ("clip.mp4", "libx264", "h264", 20),
        ("clip.mkv", "libx264", "h264", 0),
        ("clip.avi", "mpeg4", "mpeg4", 20),
        ("clip.ts", "libx264", "h264", 0),
        ("clip.webm", "libvpx", "vp8", 0),
    ],
)
def test_the_facts_of_a_video(tmp_path, name, encoder, codec, declared):
    path = make_clip(tmp_path / name, frames=20, size=(96, 64), fps=25, codec=encoder)
    assert probe(path).as_dict() == {
        "name": name,
        "frames": 20,
        "declared_frames": declared,
        "fps": pytest.approx(25),
        "width": 96,
        "height": 64,
        "duration_sec": pytest.approx(0.8),
        "codec": codec,
        "variable_frame_times": False,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert probe(path).warnings() == []


def test_a_known_hash_is_not_computed_again(tmp_path):
    assert probe(make_clip(tmp_path / "clip.mp4"), sha256="known").sha256 == "known"


@pytest.mark.parametrize(
    ("name", "codec"), [("clip.mp4", "libx264"), ("clip.mkv", "libx264"), ("clip.flv", "libx264")]
)
@pytest.mark.parametrize("fps", [10, 15, 23.976, 25, 29.97, 30, 50, 59.94, 60, 120, 240])
def test_a_constant_rate_is_not_called_variable_by_the_clocks_rounding(tmp_path, name, codec, fps):
    metadata = probe(make_clip(tmp_path / name, frames=40, fps=fps, codec=codec))
    assert metadata.fps == pytest.approx(fps, rel=0.01)
    assert not metadata.variable_frame_times


def jittered() -> list[float]:
    draw = random.Random(1)  # noqa: S311
    return [number * 0.04 + draw.uniform(0, 0.015) for number in range(20)]


@pytest.mark.parametrize(
    "times",
    [
        [number // 2 * 0.14 + number % 2 * 0.04 for number in range(20)],
        [number * 0.04 + (0.04 if number > 9 else 0) for number in range(20)],
        [number * (0.04 if number < 10 else 0.06) for number in range(20)],
        jittered(),
    ],
    ids=["two steps in turn", "one frame missing", "another rate in the middle", "jitter"],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_variable_frame_times_are_noticed_and_warned_of(tmp_path, name, times):
    metadata = probe(make_clip(tmp_path / name, frames=20, fps=25, times=times))
    assert metadata.variable_frame_times
    assert metadata.fps == pytest.approx(19 / (times[-1] - times[0]), rel=0.01)
    assert any("Frame times vary" in warning for warning in metadata.warnings())


def test_frames_missing_from_a_coarse_clock_are_noticed(tmp_path):
    # AVI counts in whole frames: a missing one is a step of two ticks.
    numbers = [number for number in range(30) if number not in (7, 15, 22)]
    path = make_clip(
        tmp_path / "clip.avi", frames=27, fps=25, codec="mpeg4", times=[n / 25 for n in numbers]
    )
    assert probe(path).variable_frame_times


def test_width_and_height_are_those_of_the_upright_picture(tmp_path):
    metadata = probe(make_clip(tmp_path / "clip.mp4", rotation=90))
    assert (metadata.width, metadata.height) == (48, 64)


def test_a_file_cut_off_is_warned_of(tmp_path):
    whole = make_clip(tmp_path / "w.mp4", frames=100, options={"movflags": "+faststart"})
    content = whole.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) * 60 // 100])
    metadata = probe(tmp_path / "cut.mp4")
    assert 1 < metadata.frames < 100
    assert metadata.declared_frames == 100
    assert f"cut off: {metadata.frames} of 100 frames" in metadata.warnings()[0]


def test_a_video_none_of_whose_frames_can_be_decoded_is_refused(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", frames=20, options={"movflags": "+faststart"})
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    path.write_bytes(content)
    with pytest.raises(BadInput, match="no frame can be decoded"):
        probe(path)


def png(folder: Path) -> Path:
    cv2.imwrite(str(folder / "picture.png"), picture(5, (64, 48)))
    return folder / "picture.png"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: make_clip(folder / "one.mp4", frames=1), "has a single frame"),
        (png, "has a single frame"),
        (lambda folder: make_clip(folder / "none.avi", frames=0, codec="mpeg4"), "has no frames"),
        (lambda folder: make_clip(folder / "none.mp4", frames=0), "has no video stream"),
        (lambda folder: make_sound(folder / "sound.m4a"), "has no video stream"),
        (lambda folder: folder / "missing.mp4", "there is no such file"),
    ],
    ids=["single frame", "picture", "no frame avi", "no frame mp4", "sound", "missing"],
)
def test_what_nothing_can_be_seen_to_move_in_is_refused(tmp_path, make, reason):
    with pytest.raises(BadInput, match=reason):
        probe(make(tmp_path))


# --- expand --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two videos, one of them twice by suffix case, and what is no video."""
    for name in ("b.mp4", "a.MKV", ".hidden.mp4", "notes.txt", "c.mp4.part"):
        (tmp_path / "clips" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "clips" / name).write_bytes(b"x")
    (tmp_path / "clips" / "sub.mp4").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "odd").write_bytes(b"a file of any suffix is taken when it is named")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("videos", "expected"),
    [
        ([], []),
        (["clips/b.mp4"], ["clips/b.mp4"]),
        (["clips"], ["clips/a.MKV", "clips/b.mp4"]),
        (["clips/"], ["clips/a.MKV", "clips/b.mp4"]),
        (["odd", "clips"], ["odd", "clips/a.MKV", "clips/b.mp4"]),
        (["clips/b.mp4", "odd", "clips/b.mp4"], ["clips/b.mp4", "odd"]),
        (["clips/b.mp4", "clips"], ["clips/b.mp4", "clips/a.MKV"]),
        (["./clips/b.mp4", "clips//b.mp4"], ["clips/b.mp4"]),
        (["https://example.org/v?a=1&b=2"], ["https://example.org/v?a=1&b=2"]),
        (["HTTP://example.org//x/../y.mp4", "odd"], ["HTTP://example.org//x/../y.mp4", "odd"]),
        (["http://h/x", "http://h/x"], ["http://h/x"]),
    ],
)
def test_folders_become_their_videos_each_once_in_order(folder, videos, expected):
    assert expand(videos) == expected


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert expand(["~/odd"]) == [str(folder / "odd")]


@pytest.mark.parametrize(
    ("video", "reason"),
    [
        ("missing.mp4", "there is no such file or folder"),
        ("clips/missing.mp4", "there is no such file or folder"),
        ("odd/inside", "there is no such file or folder"),
        ("bare", "the folder holds no video"),
        ("ftp://example.org/x.mp4", "there is no such file or folder"),
        ("a" * 300, "no such file|too long"),
        ("~no-such-user/x.mp4", "no such file|home"),
        ("/dev/null", "neither|not a|no video"),
        ("pipe", "neither|not a|no video"),
    ],
)
def test_what_is_not_there_or_no_file_is_refused_by_name(folder, video, reason):
    os.mkfifo(folder / "pipe")
    with pytest.raises(BadInput, match=reason) as refused:
        expand(["odd", video])
    assert video.split("://")[-1] in str(refused.value)


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ("http://a", True),
        ("HTTPS://a/b.mp4", True),
        ("ftp://a", False),
        ("file:///a.mp4", False),
        ("http.mp4", False),
        ("clips/http://a", False),
    ],
)
def test_only_web_addresses_are_urls(video, expected):
    assert is_url(video) is expected


# --- safe_name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ("crossing.mp4", "crossing"),
        ("clips/crossing_2-a.b.mp4", "crossing_2-a.b"),
        ("https://example.org/v/clip.mp4?token=../../x", "clip"),
        ("../../x", "x"),
        ("../..", "video"),
        ("..", "video"),
        (".", "video"),
        ("/", "video"),
        ("", "video"),
        ("...mp4", "video"),
        ("___.mp4", "video"),
        (".hidden.mp4", "hidden"),
        ("two words & more.mp4", "two_words_more"),
        ("<b>$(rm -rf x).mp4", "b_rm_-rf_x"),
        ("line\nbreak\x00.mp4", "line_break"),
        ("a\\b:c.mp4", "a_b_c"),
        ("straße 字.mp4", "straße_字"),
    ],
)
def test_a_name_is_one_plain_folder_name(video, expected):
    assert safe_name(video) == expected


@pytest.mark.parametrize(
    "video", ["x" * 300 + ".mp4", "字" * 200 + ".mp4", "\U0001d54f" * 60 + ".mp4", "../" * 50 + "x"]
)
def test_a_long_name_still_makes_a_folder_with_a_hash_behind_it(tmp_path, video):
    folder = tmp_path / f"{safe_name(video)}-0123abcd"
    folder.mkdir()
    assert folder.parent == tmp_path
