"""A long video in pieces that begin at key frames, so that several machines can look at it.

Only detection is done piece by piece: it sees each frame by itself and takes nearly all the time.
Pieces are read beyond their last packet, because frames that are shown earlier may come later in
the file; the tracks are then made over the whole video, and are those of the unsplit one.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from tasks.errors import BadInput
from tasks.nearmiss.frames import CLOCK_FALL_SEC, open_video


@dataclass(frozen=True)
class Chunk:
    """A piece of a video.

    Attributes:
        number: from 0.
        first_frame: index of its first frame in the video.
        frames: how many.
        origin_sec: stream time of the video's first frame.
        start_sec: stream time of the piece's first frame, a key frame.
        end_sec: stream time of the first frame behind it; infinite for the last piece.
    """

    number: int
    first_frame: int
    frames: int
    origin_sec: float
    start_sec: float
    end_sec: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def plan_chunks(video: Path, seconds: float) -> list[Chunk]:
    """Cut a video at the first key frame after every so many seconds.

    Args:
        video: a local file.
        seconds: least length of a piece.

    Raises:
        BadInput: the file cannot be opened, holds no frame, or does not say when its frames are.
    """
    times, keys = _packets(video)
    starts = [times[0]]
    for key in keys:
        if key - starts[-1] >= seconds:
            starts.append(key)
    firsts = [*np.searchsorted(times, starts), len(times)]
    ends = [*starts[1:], np.inf]
    return [
        Chunk(
            number=number,
            first_frame=int(firsts[number]),
            frames=int(firsts[number + 1] - firsts[number]),
            origin_sec=float(times[0]),
            start_sec=float(start),
            end_sec=float(end),
        )
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _packets(video: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times of all frames, and of those that are key frames, in stream seconds, sorted."""
    times, keys = [], []
    decoded_at = -np.inf
    with open_video(video) as (container, stream):
        try:
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None:
                    raise BadInput(f"{video}: its frames carry no times, so it cannot be split.")
                if packet.dts is not None:
                    before, decoded_at = decoded_at, float(packet.dts * stream.time_base)
                    if decoded_at < before - CLOCK_FALL_SEC:
                        raise BadInput(
                            f"{video}: its clock starts anew on the way, so it cannot be split; "
                            "run it without --chunk-sec."
                        )
                time = float(packet.pts * stream.time_base)
                times.append(time)
                if packet.is_keyframe:
                    keys.append(time)
        except av.error.FFmpegError as error:
            raise BadInput(f"{video}: is damaged, so it cannot be split.") from error
    if not times:
        raise BadInput(f"{video}: has no frames.")
    return np.sort(times), np.sort(keys)
