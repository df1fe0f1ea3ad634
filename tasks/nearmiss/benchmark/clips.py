"""The pieces of video that are measured on, cut and looped without encoding them again."""

from dataclasses import dataclass, replace
from pathlib import Path

import av

from tasks.errors import BadInput
from tasks.files import whole_or_nothing
from tasks.nearmiss.frames import open_video
from tasks.nearmiss.ingest import VideoMetadata, probe

MIN_SECONDS = 2.0
# A frame or less must not make a clip of just two seconds too short.
TOLERANCE_SEC = 0.1
# Matroska takes nearly every codec; these take their own.
KEEPS_SUFFIX = {".mp4", ".mov", ".m4v", ".mkv"}


@dataclass(frozen=True)
class Clip:
    """A local file to measure on.

    Attributes:
        source: name of the video that it is from.
        path: the file.
        metadata: of the file; its sha256 is that of the video that it is a part of.
    """

    source: str
    path: Path
    metadata: VideoMetadata

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.metadata.height, self.metadata.width


def check_length(path: Path) -> VideoMetadata:
    """Metadata of a video that is long enough.

    Raises:
        BadInput: it is not a video, or shorter than MIN_SECONDS.
    """
    metadata = probe(path)
    if metadata.duration_sec < MIN_SECONDS - TOLERANCE_SEC:
        raise BadInput(
            f"{path}: {metadata.duration_sec:.1f} s are too short to measure; "
            f"the least is {MIN_SECONDS:.0f} s."
        )
    return metadata


def clip_of(video: Path, seconds: float, folder: Path) -> Clip:
    """The first seconds of a video; the video itself where it is not longer.

    Raises:
        BadInput: it is not a video, or too short.
    """
    metadata = check_length(video)
    if metadata.duration_sec <= seconds + TOLERANCE_SEC:
        return Clip(video.name, video, metadata)
    target = folder / f"{video.stem}{_suffix(video)}"
    remux(video, target, seconds)
    # The last frames may be missing, and the cut goes with its folder: what it is of stays.
    return Clip(video.name, target, replace(probe(target), sha256=metadata.sha256))


def looped(video: Path, seconds: float, folder: Path) -> Path:
    """A file of this length that plays a video over and over."""
    target = folder / f"{video.stem}-{seconds:.0f}s{_suffix(video)}"
    remux(video, target, seconds)
    return target


def remux(video: Path, target: Path, seconds: float) -> None:
    """Copy the video stream's packets into a file of this length, less the last frames that need
    a later one, from the start again and again where the video is shorter.

    Raises:
        BadInput: the frames carry no times.
    """
    with (
        whole_or_nothing(target) as temporary,
        # Matroska draws a number for each file, which would make the same cut another video.
        av.open(str(temporary), "w", options={"fflags": "+bitexact"}) as output,
    ):
        copied, offset = None, 0
        while True:
            with open_video(video) as (container, stream):
                copied = copied or output.add_stream_from_template(stream, opaque=True)
                limit = round(seconds / stream.time_base)
                end = offset
                for packet in _shifted(container, stream, offset, limit):
                    if packet.pts >= limit:
                        end = limit
                        break
                    frame = packet.duration or round(1 / stream.average_rate / stream.time_base)
                    end = max(end, packet.pts + frame)
                    packet.stream = copied
                    output.mux(packet)
            if end >= limit:
                return
            if end <= offset:
                raise BadInput(f"{video}: its frames carry no times, so it cannot be repeated.")
            offset = end


def _shifted(
    container: av.container.InputContainer, stream: av.VideoStream, offset: int, limit: int
) -> list[av.Packet]:
    """The packets up to the first one at or behind the limit, which later ones may need to be
    decoded, with the first one's time set to the offset; all in the stream's ticks.

    The time to decode is made anew, since not every container states it: as late as keeps it
    growing and never after the time to show.
    """
    packets: list[av.Packet] = []
    shown: list[int] = []
    start = None
    for packet in container.demux(stream):
        stamp = packet.dts if packet.pts is None else packet.pts
        if not packet.size or stamp is None:
            continue
        start = stamp if start is None else start
        packets.append(packet)
        shown.append(stamp - start + offset)
        if shown[-1] >= limit:
            break
    in_order = sorted(shown)
    delay = max((early - time for early, time in zip(in_order, shown, strict=True)), default=0)
    for packet, time, early in zip(packets, shown, in_order, strict=True):
        packet.pts, packet.dts = time, early - delay
    return packets


def _suffix(video: Path) -> str:
    return video.suffix if video.suffix.lower() in KEEPS_SUFFIX else ".mkv"
