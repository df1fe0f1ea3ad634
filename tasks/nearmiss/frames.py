"""Read a video's frames one at a time, with the times that the file itself gives them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from tasks.errors import BadInput, StageFailed
from tasks.nearmiss.planes import Planes

if TYPE_CHECKING:
    from tasks.nearmiss.chunks import Chunk

# A playlist must not make the decoder open other files or addresses.
# Nor must a picture's name that looks like a pattern.
OPEN_OPTIONS = {"protocol_whitelist": "file", "pattern_type": "none"}
# Seconds before the wanted time to search from: MPEG-TS lands on the key frame behind it.
SEEK_MARGINS = (0.0, 2.0, 10.0, 60.0)
# A clock that falls back by more starts anew, as where recordings were put together byte by byte;
# frames that are stored before one that is shown earlier fall back by less.
CLOCK_FALL_SEC = 1.0
# Demuxers that take any text for a "video".
NOT_VIDEO_FORMATS = {"tty", "bin", "adf", "idf", "xbin", "hls", "concat", "ffmetadata"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        index: number of the frame in the source, from 0.
        time: seconds since the first frame.
        image: height x width x 3, BGR uint8, or planes where those were asked for; None where
            the frame was not wanted.
    """

    index: int
    time: float
    image: np.ndarray | Planes | None


@contextmanager
def open_video(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a local file's first video stream.

    Raises:
        BadInput: no such file, not a video, no video stream.
    """
    if not os.path.isfile(path):  # Path.is_file raises on a name that is too long
        raise BadInput(f"{path}: there is no such file.")
    if path.stat().st_size == 0:
        raise BadInput(f"{path}: the file is empty.")
    try:
        # With "file:" a colon in the name is no address.
        container = av.open(f"file:{path}", options=OPEN_OPTIONS)
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"{path}: cannot be read as a video ({reason}); is the file complete?"
        ) from error
    with container:
        if set(container.format.name.split(",")) & NOT_VIDEO_FORMATS:
            raise BadInput(f"{path}: is not a video file.")
        if not container.streams.video:
            raise BadInput(f"{path}: has no video stream.")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        yield container, stream


class FrameReader:
    """Iterate over a video's frames in order; what cannot be decoded is skipped and counted.

    Attributes:
        damaged: packets that could not be decoded so far.
        out_of_order: frames whose time had to be guessed so far.
    """

    def __init__(
        self,
        path: Path,
        stride: int = 1,
        fps: float = 25.0,
        to_picture: Callable[[av.VideoFrame], np.ndarray | Planes] | None = None,
        chunk: "Chunk | None" = None,
    ):
        """
        Args:
            path: the video file.
            stride: only every stride-th frame gets an image; the others cost no conversion.
            fps: used for frames that carry no usable time.
            to_picture: what makes an image of a decoded frame; `to_image` when None.
            chunk: the piece to read; the whole video when None.
        """
        self._chunk = chunk
        self._to_picture = to_picture or to_image
        self.path = path
        self.stride = stride
        self.fps = fps
        self.damaged = 0
        self.out_of_order = 0

    def __iter__(self) -> Iterator[Frame]:
        """See `decoded` for what it raises."""
        for index, time, frame in self.decoded():
            wanted = index % self.stride == 0
            yield Frame(index, time, self._to_picture(frame) if wanted else None)

    def decoded(self) -> Iterator[tuple[int, float, av.VideoFrame]]:
        """Number, seconds since the first, and the decoded frame, not yet a picture.

        Raises:
            BadInput: the file cannot be opened, or its picture size changes on the way.
        """
        with open_video(self.path) as (container, stream):
            size = last = before = None
            start, first = None, 0
            frames = self._decode(container, stream)
            if self._chunk is not None:
                start, first = self._chunk.origin_sec, self._chunk.first_frame
                self._seek_chunk(container, stream)
                frames = self._of_chunk(frames)
            for index, frame in enumerate(frames, first):
                if size is None:
                    size = (frame.width, frame.height)
                elif size != (frame.width, frame.height):
                    raise BadInput(
                        f"{self.path}: the picture size changes from {size[0]}x{size[1]} to "
                        f"{frame.width}x{frame.height} at frame {index}; split the video there."
                    )
                time = frame.time
                if start is None:
                    start = time or 0.0
                if time is not None:
                    if before is not None and time < before - CLOCK_FALL_SEC:
                        start = time - last - 1 / self.fps
                    before = time
                time = None if time is None else time - start
                if last is not None and (time is None or time <= last):
                    self.out_of_order += 1
                    time = last + 1 / self.fps
                last = time or 0.0
                yield index, last, frame

    def _seek_chunk(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        """Go to before a key frame from which the chunk's first frame can be decoded: the nearest
        that a search finds, or the file's beginning."""
        for margin in SEEK_MARGINS:
            place = int((self._chunk.start_sec - margin) / stream.time_base)
            container.seek(place, stream=stream)
            if self._comes_a_key(container, stream):
                break
        else:
            place = int((self._chunk.origin_sec - SEEK_MARGINS[-1]) / stream.time_base)
        container.seek(place, stream=stream)

    def _comes_a_key(self, container: av.container.InputContainer, stream: av.VideoStream) -> bool:
        """Whether a key frame at or before the chunk's first frame is still to be read."""
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            if packet.pts * stream.time_base > self._chunk.start_sec + 1e-6:
                return False
            if packet.is_keyframe:
                return True
        return False

    def _of_chunk(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """The frames of the chunk, out of those from a key frame at or before its first.

        Raises:
            StageFailed: they are not as many as the packets promise.
        """
        found = 0
        for frame in frames:
            if frame.time is None or frame.time < self._chunk.start_sec - 1e-6:
                continue
            if frame.time >= self._chunk.end_sec - 1e-6:
                break
            found += 1
            yield frame
        if found != self._chunk.frames:
            raise StageFailed(
                f"{self.path}: {found} of {self._chunk.frames} frames can be decoded from second "
                f"{self._chunk.start_sec:.1f} on; run it without --chunk-sec."
            )

    def _decode(
        self, container: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.VideoFrame]:
        packets = container.demux(stream)
        if self._chunk is not None:  # what is before the first key frame is no damage
            packets = dropwhile(lambda packet: not packet.is_keyframe, packets)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:  # the file ends in the middle
                self.damaged += 1
                return
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self.damaged += 1


def to_image(frame: av.VideoFrame) -> np.ndarray:
    """BGR uint8 picture, upright: phones store a rotation beside the pixels."""
    image = frame.to_ndarray(format="bgr24")
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image


def to_planes(frame: av.VideoFrame) -> Planes:
    """The planes of a frame with even sides, upright; they may be drawn on."""
    packed = frame.to_ndarray(format="yuv420p").reshape(-1)
    height, width = frame.height, frame.width
    y, u, v = np.split(packed, [height * width, height * width * 5 // 4])
    half = (height // 2, width // 2)
    planes = Planes(
        y.reshape(height, width),
        u.reshape(half),
        v.reshape(half),
        int(frame.colorspace),
        int(frame.color_range),
    )
    quarter_turns = round(frame.rotation / 90) % 4
    return planes.turned(quarter_turns) if quarter_turns else planes


def sample_frames(video_path: str | Path, n: int = 5) -> list[np.ndarray]:
    """`n` evenly spaced frames of a video, the first and the last among them.

    Args:
        video_path: a local file.
        n: how many; fewer come back where the video has fewer.

    Returns:
        Pictures, height x width x 3, BGR uint8, in order of time.

    Raises:
        BadInput: the file is not a video, or n is below 1.
    """
    if n < 1:
        raise BadInput(f"The number of sample frames must be at least 1, got {n}.")
    path = Path(video_path)
    parts = _times_by_clock(path)
    times = _joined(parts)
    numbers = np.unique(np.linspace(0, len(times) - 1, n).round().astype(int))
    images: list[np.ndarray | None] = [None]
    if len(parts) == 1:  # where clocks overlap, a time is no place in the file
        with open_video(path) as (container, stream):
            images = [_frame_at(container, stream, times[number], times[0]) for number in numbers]
    if any(image is None for image in images):  # a file that cannot be searched: read through it
        images = [frame.image for frame in FrameReader(path) if frame.index in numbers]
    if not images:
        raise BadInput(f"{path}: no frame can be decoded.")
    return images


def packet_times(path: Path) -> np.ndarray:
    """Presentation times in seconds of all packets of the video stream, sorted, undecoded.

    Where the clock starts anew, the times go on from those before.

    Raises:
        BadInput: the file cannot be opened or holds no packet.
    """
    return _joined(_times_by_clock(path))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Sorted times of parts with a clock each, as those of one clock."""
    steps = np.concatenate([np.diff(part) for part in parts])
    step = float(np.median(steps)) if len(steps) else 0.0
    joined = parts[:1]
    for part in parts[1:]:
        joined.append(part + (joined[-1][-1] + step - part[0]))
    return np.concatenate(joined)


def _times_by_clock(path: Path) -> list[np.ndarray]:
    """Presentation times in seconds of all packets of the video stream, sorted, in parts within
    which the clock runs on.

    Raises:
        BadInput: the file cannot be opened or holds no packet.
    """
    times, starts = [], []
    decoded_at = -np.inf  # in the order of the file these only rise, unlike presentation times
    with open_video(path) as (container, stream):
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                break
            if not packet.size or packet.is_discard:
                continue
            if packet.dts is not None:
                before, decoded_at = decoded_at, float(packet.dts * stream.time_base)
                if decoded_at < before - CLOCK_FALL_SEC:
                    starts.append(len(times))
            stamp = packet.pts if packet.pts is not None else packet.dts
            times.append(np.nan if stamp is None else float(stamp * stream.time_base))
    if not times:
        raise BadInput(f"{path}: has no frames.")
    stamps = np.array(times)
    if np.isnan(stamps).any():
        rate = float(stream.average_rate or 25)
        return [np.arange(len(times)) / rate]
    return [np.sort(part) for part in np.split(stamps, starts)]


def _frame_at(
    container: av.container.InputContainer, stream: av.VideoStream, time: float, start: float
) -> np.ndarray | None:
    """The first decodable frame at or after a time, else the last one before it.

    None where no search finds its way there, or the frames carry no times.
    """
    for margin in SEEK_MARGINS:
        latest = None
        try:
            container.seek(int(max(start, time - margin) / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time is None or (latest is None and frame.time > time + 1e-6):
                    break
                latest = frame
                if frame.time >= time - 1e-6:
                    break
        except av.error.FFmpegError:
            pass
        if latest is not None:
            return to_image(latest)
    return None
