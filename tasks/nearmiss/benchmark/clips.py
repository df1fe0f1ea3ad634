"""The pieces of video that are measured on, cut and looped without encoding them again."""

from dataclasses import dataclass
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
        metadata: of the file.
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
    return Clip(video.name, target, check_length(target))


def looped(video: Path, seconds: float, folder: Path) -> Path:
    """A file of this length that plays a video over and over."""
    target = folder / f"{video.stem}-{seconds:.0f}s{_suffix(video)}"
    remux(video, target, seconds)
    return target


def remux(video: Path, target: Path, seconds: float) -> None:
    """Copy the video stream's packets into a file of this length, from the start again and again
    where the video is shorter."""
    with (
        whole_or_nothing(target) as temporary,
        av.open(str(temporary), "w") as output,
    ):
        written_stream = None
        offset_sec = 0.0
        while offset_sec < seconds:
            with open_video(video) as (container, stream):
                if written_stream is None:
                    written_stream = output.add_stream_from_template(stream)
                end = _copy(container, stream, output, written_stream, offset_sec, seconds)
            if end <= offset_sec:
                raise BadInput(f"{video}: its frames carry no times, so it cannot be looped.")
            offset_sec = end


def _copy(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    output: av.container.OutputContainer,
    written_stream: av.VideoStream,
    offset_sec: float,
    seconds: float,
) -> float:
    """Copy packets shifted by an offset, up to a time; gives the time at which they end."""
    base = stream.time_base
    offset = round(offset_sec / base)
    frame = round(1 / (stream.average_rate or 25) / base)
    start, end = None, offset
    for packet in container.demux(stream):
        if not packet.size:
            continue
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            raise BadInput(f"{container.name}: its frames carry no times.")
        if start is None:
            start = stamp
        shifted = stamp - start + offset
        if shifted * base >= seconds:
            # Frames that are shown later may come before others in the file.
            if packet.dts is not None and (packet.dts - start + offset) * base >= seconds:
                break
            continue
        packet.pts = shifted
        packet.dts = packet.dts - start + offset if packet.dts is not None else shifted
        packet.stream = written_stream
        packet.time_base = base
        output.mux(packet)
        end = max(end, shifted + frame)
    return float(end * base)


def _suffix(video: Path) -> str:
    return video.suffix if video.suffix.lower() in KEEPS_SUFFIX else ".mkv"
