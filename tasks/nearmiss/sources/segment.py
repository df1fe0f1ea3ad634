"""One piece of a live stream, copied packet by packet into a video file of its own."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av

from tasks.errors import StageFailed

# What MP4 holds, with the exact times of the camera; anything else goes to Matroska.
MP4_CODECS = {"h264", "hevc", "mpeg4", "mjpeg", "av1"}
CLOCK = 90_000  # ticks a second in the files; RTP's own
LARGEST_STEP_SEC = 30  # between two frames; more is a camera's clock that was set
LARGEST_BACK_STEP_SEC = 0.5  # frames come in order but for a little jitter; more is the same


@dataclass(frozen=True)
class Gap:
    """A time in which nothing was recorded.

    Attributes:
        start: wall clock, UTC.
        end: wall clock, UTC.
        reason: why, without secrets.
    """

    start: datetime
    end: datetime
    reason: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Segment:
    """A whole video file of a live stream.

    Attributes:
        path: of the file, named by its start in UTC.
        start: wall-clock time of the first frame, UTC.
        end: wall-clock time at which the last frame's duration is over, UTC.
        frames: how many.
        gap: what is missing before it; None where it goes on where the one before it ended.
    """

    path: Path
    start: datetime
    end: datetime
    frames: int
    gap: Gap | None

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


class SegmentWriter:
    """Copies the packets of one video stream into a file, without encoding them again.

    The file has a temporary name until `close` gives it its own: whatever ends the program,
    a file that has its name is whole. One writer at a time in a folder and process.

    Attributes:
        frames: written so far.
        clock_offset: wall clock minus stream time of the packet that was least delayed on its
            way, in seconds.
    """

    def __init__(self, folder: Path, stream: av.VideoStream):
        """
        Args:
            folder: for the file; made where it is missing.
            stream: whose packets will come.

        Raises:
            StageFailed: the folder cannot be written to.
        """
        self.frames = 0
        suffix = ".mp4" if stream.codec_context.name in MP4_CODECS else ".mkv"
        self._temporary = folder / f".recording-{os.getpid()}{suffix}"
        self._clock = Fraction(0)  # seconds a tick, of the packets
        self._first = self._last_pts = self._last_dts = self._step = 0
        self._given_dts = 0  # of the last packet, as it came
        self.clock_offset = float("inf")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._temporary), "w")
            self._stream = self._container.add_stream_from_template(stream, opaque=True)
            self._stream.time_base = Fraction(1, CLOCK)
        except OSError as error:
            raise self._cannot_write(error) from None

    def seconds_before(self, packet: av.Packet) -> float:
        """Stream time from the first frame written to this packet's."""
        return float((packet.pts - self._first) * self._clock)

    def jumps_to(self, packet: av.Packet) -> bool:
        """Whether the camera's clock was set between the last packet written and this one."""
        if self.frames == 0:
            return False
        step = float((packet.dts - self._given_dts) * self._clock)
        return not -LARGEST_BACK_STEP_SEC <= step <= LARGEST_STEP_SEC

    def write(self, packet: av.Packet) -> None:
        """Append a packet that has both of its times; the first one has to be a key frame.

        Raises:
            StageFailed: the file cannot be written, as where the disk is full.
            av.error.FFmpegError: the packet cannot be put into a file.
        """
        if self.frames == 0:
            self._clock = packet.time_base
            self._first, self._last_dts = packet.pts, packet.dts - 1
        self._given_dts = packet.dts
        if packet.pts < self._first:
            return  # shown before the key frame, and made from frames that are not here
        # Neither order nor sense of a camera's times is sure, and a file needs both.
        dts = max(packet.dts, self._last_dts + 1)
        pts = max(packet.pts, dts)
        self.clock_offset = min(self.clock_offset, time.time() - float(pts * self._clock))
        self._step = packet.duration or dts - self._last_dts
        self._last_dts, self._last_pts = dts, max(pts, self._last_pts)
        packet.pts, packet.dts = pts - self._first, dts - self._first
        packet.stream = self._stream
        try:
            self._container.mux_one(packet)
        except OSError as error:
            raise self._cannot_write(error) from None
        self.frames += 1

    def close(self, clock_offset: float) -> tuple[Path, datetime, datetime]:
        """Finish the file and give it its name.

        Args:
            clock_offset: wall clock minus stream time, in seconds.

        Returns:
            The file, and the wall-clock times at which its first frame begins and its last ends.

        Raises:
            StageFailed: the file cannot be written.
        """
        start, end = (
            datetime.fromtimestamp(clock_offset + float(ticks * self._clock), UTC)
            for ticks in (self._first, self._last_pts + self._step)
        )
        try:
            self._container.close()
            path = self._free_name(start)
            self._temporary.replace(path)
        except OSError as error:
            raise self._cannot_write(error) from None
        return path, start, end

    def discard(self) -> None:
        """Leave nothing behind."""
        self._container.close()
        self._temporary.unlink(missing_ok=True)

    def _free_name(self, start: datetime) -> Path:
        """The start with milliseconds; a later one where a clock set back made a twin."""
        while True:
            name = f"{start:%Y%m%dT%H%M%S}-{start.microsecond // 1000:03d}Z"
            path = self._temporary.with_name(name + self._temporary.suffix)
            if not path.exists():
                return path
            start += timedelta(milliseconds=1)

    def _cannot_write(self, error: OSError) -> StageFailed:
        with suppress(OSError):
            self._temporary.unlink()
        return StageFailed(f"{self._temporary.parent}: cannot record here ({error.strerror}).")
