"""What a stream's address is, and that its secrets stay out of everything that is kept."""

import os

import av
import pytest

from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.sources import check, expand
from tasks.nearmiss.sources.stream import opening
from tasks.nearmiss.sources.stream_address import (
    hide_secrets,
    is_stream,
    masked,
    name_of,
    reveal_secrets,
)

ADDRESSES = {
    "rtsp://cam:554/road": "rtsp://cam:554/road",
    "rtsp://viewer@cam/road": "rtsp://***@cam/road",
    "RTSP://viewer:s3cret@cam/road": "RTSP://***:***@cam/road",
    "rtsp://viewer:a:b@c/d?e#f@cam:554/road": "rtsp://***:***@cam:554/road",
    "rtsp://:s3cret@cam/road": "rtsp://:***@cam/road",
    "rtsp://cam/live?channel=1&subtype=0&token=s3cret": (
        "rtsp://cam/live?channel=1&subtype=0&token=***"
    ),
    "rtsp://cam/user=viewer_password=s3cret_channel=1_stream=0.sdp": "rtsp://cam/user=***",
    "rtsp://cam/user=viewer&password=s3cret&channel=1": (
        "rtsp://cam/user=***&password=***&channel=1"
    ),
    "http://viewer:s3cret@cam/axis-cgi/mjpg/video.cgi?fps=10&pwd=x": (
        "http://***:***@cam/axis-cgi/mjpg/video.cgi?fps=10&pwd=***"
    ),
    "rtsp://viewer:${CAM_PASSWORD}@cam/road": "rtsp://***:***@cam/road",
    "folder/a=b@c.mp4": "folder/a=b@c.mp4",
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("rtsp://camera/road", True),
        ("rtsps://camera/road", True),
        ("RTMP://camera/live/road", True),
        ("http://camera/axis-cgi/mjpg/video.cgi", True),
        ("https://user:pw@camera/live.mjpeg?fps=5", True),
        ("https://example.org/crossing.mp4", False),
        ("https://mjpeg@example.org/crossing.mp4", False),
        ("https://example.org/crossing.mp4?from=mjpeg", False),
        ("crossing.mp4", False),
        ("mjpg/crossing.mp4", False),
        ("file:///crossing.mp4", False),
        ("rtsp:camera", False),
        ("/dev/video0", True),
        ("/dev/video12", True),
        ("/dev/video0/crossing.mp4", False),
        ("/dev/sda", False),
    ],
)
def test_streams_are_told_from_files_and_downloads(location, expected):
    assert is_stream(location) is expected


@pytest.mark.parametrize(("location", "expected"), ADDRESSES.items())
def test_every_secret_is_masked(location, expected):
    assert masked(location) == expected


@pytest.mark.parametrize("location", ADDRESSES)
def test_hidden_secrets_come_back_only_from_the_environment(location, monkeypatch):
    monkeypatch.setitem(os.environ, "CAM_PASSWORD", "from outside")
    hidden = hide_secrets(location)
    assert "s3cret" not in hidden
    assert "viewer" not in hidden
    assert hide_secrets(hidden) == hidden
    assert reveal_secrets(hidden) == location.replace("${CAM_PASSWORD}", "from outside")


def test_two_cameras_keep_their_own_passwords():
    first, second = "rtsp://one:alpha@cam/road", "rtsp://two:beta@cam/road"
    hidden = [hide_secrets(first), hide_secrets(second), hide_secrets(first)]
    assert hidden[0] == hidden[2] != hidden[1]
    assert [reveal_secrets(location) for location in hidden] == [first, second, first]


def test_a_variable_that_is_not_set_is_one_sentence():
    with pytest.raises(BadInput, match="needs the environment variable NO_SUCH_LOGIN") as caught:
        reveal_secrets("rtsp://viewer:${NO_SUCH_LOGIN}@cam/road")
    assert "viewer" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("rtsp://viewer:s3cret@10.0.0.7:554/cam?channel=2", "10.0.0.7_554_cam_channel_2"),
        ("rtsp://cam/../../etc/passwd", "cam_.._.._etc_passwd"),
        ("rtsp://", "stream"),
        ("rtsp://cam/" + "x" * 300, "cam_" + "x" * 96),
    ],
)
def test_a_folder_name_is_plain_and_holds_no_secret(location, name):
    assert name_of(location) == name


@pytest.mark.parametrize("scheme", ["rtsp", "rstp"])
def test_a_configuration_holds_no_secret(scheme):
    location = f"{scheme}://viewer:s3cret@cam/road?token=abc"
    config = NearMissConfig(video=[location, "https://a:b@example.org/x.mp4", "x.mp4"])
    kept = config.model_dump_json() + command_for("flows/nearmiss.py", config) + repr(config)
    assert "viewer" not in kept
    assert "s3cret" not in kept
    assert "token=abc" not in kept
    assert [reveal_secrets(config.video[0]), *config.video[1:]] == [
        location,
        "https://a:b@example.org/x.mp4",
        "x.mp4",
    ]


def test_a_stream_is_an_input_that_is_not_looked_for_among_files():
    assert expand(["rtsp://cam/road", "rtsp://cam/road"]) == ["rtsp://cam/road"]
    check("rtsp://cam/road")


def test_a_device_is_opened_for_coded_pictures_and_has_a_folder():
    assert name_of("/dev/video3") == "dev_video3"
    demuxer, options = opening("/dev/video3")
    assert demuxer in {name for names in av.formats_available for name in names.split(",")}
    assert options == {"input_format": "mjpeg"}
    assert opening("rtsp://camera/road")[1]["protocol_whitelist"] == "rtsp,tcp"
    assert expand(["/dev/video3"]) == ["/dev/video3"]


def test_a_device_that_is_not_there_is_told_before_the_run():
    with pytest.raises(BadInput, match="/dev/video99: there is no such device"):
        check("/dev/video99")
