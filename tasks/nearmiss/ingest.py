"""What a video is: its size, rate, length and content, and what is wrong with it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.nearmiss.frames import open_video, packet_times, to_image

# An interval this far from the median is not rounding of the container's clock any more.
VARIABLE_TOLERANCE = 0.1
VARIABLE_SHARE = 0.01


@dataclass(frozen=True)
class VideoMetadata:
    """Facts about a video file.

    Attributes:
        name: the file's name.
        frames: packets that can be read, one a frame.
        declared_frames: what the container says; 0 where it says nothing.
        fps: frames a second over the whole file.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.
        duration_sec: from the first frame to the end of the last.
        codec: of the video stream.
        variable_frame_times: whether more than 1 % of the intervals differ by over 10 %.
        sha256: of the file.
    """

    name: str
    frames: int
    declared_frames: int
    fps: float
    width: int
    height: int
    duration_sec: float
    codec: str
    variable_frame_times: bool
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def warnings(self) -> list[str]:
        """What a reader of the results has to know about the file."""
        found = []
        if self.frames < self.declared_frames:
            found.append(
                f"The file is cut off: {self.frames} of {self.declared_frames} frames are there."
            )
        if self.variable_frame_times:
            found.append("Frame times vary; every speed is computed from the real times.")
        return found


def probe(path: Path, sha256: str | None = None) -> VideoMetadata:
    """Read a video's metadata, without decoding more than its first frame.

    Args:
        path: a local file.
        sha256: of the file, where it is known already.

    Raises:
        BadInput: no such file, not a video, no video stream, no frames, a single frame.
    """
    times = packet_times(path)
    with open_video(path) as (container, stream):
        first = _first_frame(container, stream, path)
        declared = stream.frames
        codec = stream.codec_context.name
        nominal_rate = float(stream.average_rate or 0)
        tick = float(stream.time_base)
    if len(times) < 2:
        raise BadInput(f"{path}: has a single frame; nothing can be seen to move.")
    intervals = np.diff(times)
    span = float(times[-1] - times[0])
    fps = (len(times) - 1) / span if span > 0 else nominal_rate
    if not fps > 0:
        raise BadInput(f"{path}: its frames carry no times and the file states no frame rate.")
    typical = float(np.median(intervals))
    # A clock of milliseconds rounds 1/120 s to 8 or 9; a clock of whole frames does not round.
    rounding = 1.01 * tick if tick < typical / 2 else 0.0
    odd = np.abs(intervals - typical) > max(VARIABLE_TOLERANCE * typical, rounding)
    return VideoMetadata(
        name=path.name,
        frames=len(times),
        declared_frames=int(declared or 0),
        fps=round(fps, 6),
        width=first.shape[1],
        height=first.shape[0],
        duration_sec=round(span + 1 / fps, 6),
        codec=codec,
        variable_frame_times=bool(odd.mean() > VARIABLE_SHARE),
        sha256=sha256 or sha256_of(path),
    )


def _first_frame(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> np.ndarray:
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return to_image(frame)
            except av.error.InvalidDataError:
                continue
    except av.error.FFmpegError:
        pass
    raise BadInput(f"{path}: no frame can be decoded; the file is damaged.")
