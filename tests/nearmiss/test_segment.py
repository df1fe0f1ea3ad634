"""Packets of a stream become a file whose clock is one clock."""

import av
import pytest
from videos import make_clip

from tasks.nearmiss.sources.segment import SegmentWriter

FPS, SET_AT = 10, 12


def jumps(clip, folder, step_sec):
    """Numbers of the packets before which the camera's clock is found to be set, where it is set
    by so many seconds before packet SET_AT."""
    found = []
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        writer = SegmentWriter(folder, stream)
        packets = [packet for packet in container.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            if number >= SET_AT:
                ticks = round(step_sec / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
            if writer.jumps_to(packet):
                found.append(number)
            writer.write(packet)
        writer.discard()
    return found


@pytest.mark.parametrize(
    ("step_sec", "expected"),
    [
        (0, []),
        (-0.3, []),  # jitter: 0.2 s back, since a frame takes 0.1 s
        (-0.9, [SET_AT]),
        (-5, [SET_AT]),
        (-29, [SET_AT]),
        (-3600, [SET_AT]),
        (20, []),  # frames may be missing
        (3600, [SET_AT]),
    ],
)
def test_a_camera_clock_that_is_set_is_noticed_once(tmp_path, step_sec, expected):
    clip = make_clip(tmp_path / "clip.mp4", frames=20, fps=FPS, options={"bf": "0"})
    assert jumps(clip, tmp_path / "segments", step_sec) == expected
