"""Record a live stream as a row of video files, over lost connections.

The recorder has a thread of its own: the camera goes on while the caller works on a segment.
"""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av

from tasks.errors import BadInput, StageFailed
from tasks.nearmiss.sources.segment import CLOCK, Gap, Segment, SegmentWriter
from tasks.nearmiss.sources.stream_address import is_device, masked, reveal_secrets

SILENCE_SEC = 5.0  # without data, after which a connection is taken for dead
FIRST_CONNECT_SEC = 30.0  # a camera that was never seen is more likely a wrong address
BACKOFF_SEC = (0.5, 30.0)  # before the second try, and at most
CLOCK_DRIFT_SEC = 1.0  # of a camera's clock, before its wall-clock time is taken anew
WAITING_SEGMENTS = 30  # recorded but not yet taken by the caller; more are dropped

# Demuxer by scheme. The whitelist keeps a camera's answer from leading to files or elsewhere.
FORMATS = {
    "rtsp": ("rtsp", "rtsp,tcp"),
    "rtsps": ("rtsp", "rtsp,tcp,tls"),
    "rtmp": ("flv", "rtmp,tcp"),
    "rtmps": ("flv", "rtmps,tcp,tls"),
    "http": ("mpjpeg", "http,tcp"),
    "https": ("mpjpeg", "https,http,tcp,tls"),
}
# What trying again cannot help when a camera is met for the first time.
REFUSALS = (
    av.error.HTTPUnauthorizedError,
    av.error.HTTPForbiddenError,
    av.error.HTTPNotFoundError,
    av.error.HTTPBadRequestError,
    av.error.ProtocolNotFoundError,
)
# Pictures that are coded can be recorded as they come; nearly every camera at a port has these.
DEVICE_OPTIONS = {"input_format": "mjpeg"}
CONNECTING = "connecting"
MIN_FRAMES = 2  # in one nothing can be seen to move


def opening(address: str) -> tuple[str, dict[str, str]]:
    """FFmpeg's demuxer for a stream or a device, and its options."""
    if is_device(address):
        return "v4l2", dict(DEVICE_OPTIONS)
    demuxer, protocols = FORMATS[address.partition("://")[0].lower()]
    options = {"protocol_whitelist": protocols}
    if demuxer == "rtsp":
        # Over TCP no packet is lost; sound is not asked for.
        options |= {"rtsp_transport": "tcp", "allowed_media_types": "video"}
    return demuxer, options


class StreamRecorder(Iterator[Segment]):
    """Records a stream's pictures, without encoding them again, as files cut at key frames.

    Entered as a context, it records in the background until the context is left; iterated, it
    gives the segments in order, as soon as each is whole. A segment also ends where the
    connection is lost, and is whole then too. After a loss the camera is tried again, with
    exponential backoff and jitter.

    Iterating raises, after the segments that were recorded before:
        BadInput: the camera refuses the address or login, or a variable is not set.
        StageFailed: the camera cannot be had for `reconnect_for_sec` (at the start: for at most
            `FIRST_CONNECT_SEC`), or the folder cannot be written to.

    Attributes:
        closing_gap: what is missing between the last segment and the end of the recording;
            known when the iteration has ended.
    """

    def __init__(
        self,
        location: str,
        folder: Path,
        segment_sec: float,
        *,
        stop_after_sec: float | None = None,
        max_segments: int | None = None,
        reconnect_for_sec: float = 300.0,
        silence_sec: float = SILENCE_SEC,
        max_waiting: int = WAITING_SEGMENTS,
        warn: Callable[[str], None] = lambda _sentence: None,
    ):
        """
        Args:
            location: address of the stream; `${NAME}` in it is an environment variable.
            folder: for the files.
            segment_sec: length of a segment; it grows to the key frame after that.
            stop_after_sec: how long to record, with all gaps; None: no limit.
            max_segments: how many to record; None: no limit.
            reconnect_for_sec: how long to try again before giving up.
            silence_sec: how long without data makes a connection dead.
            max_waiting: how many recorded segments may wait to be taken; what comes beyond is
                dropped and is a gap with that reason.
            warn: told, from the recorder's thread, of each failed connection; without secrets.
        """
        self.closing_gap: Gap | None = None
        self._location = location
        self._folder = folder
        self._segment_sec = segment_sec
        self._stop_after_sec = float("inf") if stop_after_sec is None else stop_after_sec
        self._segments_left = float("inf") if max_segments is None else max_segments
        self._reconnect_for_sec = reconnect_for_sec
        self._silence_sec = silence_sec
        self._max_waiting = max_waiting
        self._warn = warn

        self._recorded: queue.SimpleQueue[Segment | Exception | None] = queue.SimpleQueue()
        self._has_ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream recorder", daemon=True)
        self._ever_heard = False
        self._gap_reasons = [CONNECTING]
        self._clock_offset: float | None = None  # of this connection

    def __enter__(self) -> "StreamRecorder":
        self._began = self._heard = time.monotonic()
        self._covered_until = datetime.now(UTC)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self._thread.join()

    def __next__(self) -> Segment:
        if self._has_ended:
            raise StopIteration
        item = self._recorded.get()
        if isinstance(item, Segment):
            return item
        self._has_ended = True
        raise StopIteration if item is None else item

    def stop(self) -> None:
        """End the recording; the segment being written is finished and comes as the last one."""
        self._stop.set()

    def _run(self) -> None:
        """Record; the last thing in the queue says how it ended."""
        ending = None
        try:
            self._record()
        except Exception as error:  # noqa: BLE001 — raised again where the segments are taken
            ending = error
        self.closing_gap = self._gap_until(datetime.now(UTC))
        self._recorded.put(ending)

    def _record(self) -> None:
        address = reveal_secrets(self._location)
        attempt = 0
        while not self._is_done():
            heard_before = self._heard
            try:
                reason = self._record_connection(address)
            except REFUSALS as error:
                reason, is_refused = error.strerror, not self._ever_heard
            except av.error.ExitError:
                reason, is_refused = f"no data for {self._silence_sec:g} s", False
            except av.error.FFmpegError as error:
                reason, is_refused = error.strerror, False
            else:
                is_refused = False
            if self._is_done():
                break
            # Raised out here, because the error that FFmpeg raised has the address in it.
            if is_refused:
                raise BadInput(
                    f"{masked(self._location)}: the camera refuses this ({reason}); check the "
                    "address, the user and the password."
                )
            attempt = 0 if self._heard > heard_before else attempt + 1
            self._miss(reason)
            self._wait_to_try_again(reason, attempt)
        if not self._ever_heard and not self._stop.is_set():
            raise StageFailed(
                f"{masked(self._location)}: no stream came in {self._stop_after_sec:g} s "
                f"({'; '.join(self._gap_reasons)})."
            )

    def _wait_to_try_again(self, reason: str, attempt: int) -> None:
        limit = self._reconnect_for_sec
        if not self._ever_heard:
            limit = min(limit, FIRST_CONNECT_SEC)
        left = self._heard + limit - time.monotonic()
        name = masked(self._location)
        if left <= 0:
            what = "the stream was lost" if self._ever_heard else "there is no stream to be had"
            raise StageFailed(
                f"{name}: {what}, tried again for {limit:g} s ({reason}); check the address and "
                "whether the camera is on."
            )
        first, longest = BACKOFF_SEC
        pause = min(longest, first * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
        pause = min(pause, left)
        self._warn(f"{name}: no stream ({reason}); trying again in {pause:.1f} s.")
        until = min(time.monotonic() + pause, self._began + self._stop_after_sec)
        while not self._is_done() and time.monotonic() < until:
            time.sleep(0.05)

    def _record_connection(self, address: str) -> str:
        """Record until the connection ends.

        Returns:
            Why it ended.

        Raises:
            av.error.FFmpegError: it could not be made, or broke.
        """
        demuxer, options = opening(address)
        timeout = (self._silence_sec, self._silence_sec)
        began = time.monotonic()
        try:
            container = av.open(address, format=demuxer, options=options, timeout=timeout)
        except av.error.FFmpegError:
            # FFmpeg has other names for an opening that was cut short.
            if time.monotonic() - began >= self._silence_sec:
                return f"no answer in {self._silence_sec:g} s"
            raise
        with container:
            if not container.streams.video:
                return "the stream has no pictures"
            self._clock_offset = None
            return self._copy(container, container.streams.video[0])

    def _copy(self, container: av.container.InputContainer, stream: av.VideoStream) -> str:
        writer = None
        # MJPEG over HTTP says nothing of times: the arrival has to do.
        has_no_times = container.format.name == "mpjpeg"
        try:
            for packet in _whole_pictures(container.demux(stream)):
                if self._is_done():
                    return "stopped"
                if has_no_times:
                    packet.time_base = Fraction(1, CLOCK)
                    packet.pts = packet.dts = round(time.monotonic() * CLOCK)
                    packet.duration = 0
                # In RTSP, FFmpeg has no time for the packet that a connection begins with.
                if packet.pts is None or packet.dts is None:
                    continue
                if writer and writer.jumps_to(packet):
                    return "the camera's clock was set"
                is_full = writer and writer.seconds_before(packet) >= self._segment_sec
                if packet.is_keyframe and is_full:
                    self._finish(writer)
                    writer = None
                    if self._is_done():
                        return "stopped"
                if writer is None:
                    if not packet.is_keyframe:
                        continue
                    writer = SegmentWriter(self._folder, stream)
                writer.write(packet)
                self._heard, self._ever_heard = time.monotonic(), True
            return "the camera ended the stream"
        except StageFailed:
            writer = None  # the file is gone
            raise
        finally:
            if writer:
                self._finish(writer)

    def _finish(self, writer: SegmentWriter) -> None:
        """Close a segment and hand it over, with the gap before it."""
        if writer.frames < MIN_FRAMES:
            writer.discard()
            return
        if (
            self._clock_offset is None
            or abs(writer.clock_offset - self._clock_offset) > CLOCK_DRIFT_SEC
        ):
            self._clock_offset = writer.clock_offset
        path, start, end = writer.close(self._clock_offset)
        if self._recorded.qsize() >= self._max_waiting:
            path.unlink()
            self._miss(f"dropped, because {self._max_waiting} segments wait to be processed")
            self._warn(f"{masked(self._location)}: a segment was {self._gap_reasons[-1]}.")
            return
        segment = Segment(path, start, end, writer.frames, self._gap_until(start))
        self._covered_until, self._gap_reasons = end, []
        self._segments_left -= 1
        self._recorded.put(segment)

    def _miss(self, reason: str) -> None:
        if reason not in self._gap_reasons:
            self._gap_reasons.append(reason)

    def _gap_until(self, end: datetime) -> Gap | None:
        if not self._gap_reasons:
            return None
        start = min(self._covered_until, end)
        return Gap(start, end, "; ".join(self._gap_reasons))

    def _is_done(self) -> bool:
        return (
            self._stop.is_set()
            or self._segments_left <= 0
            or time.monotonic() - self._began >= self._stop_after_sec
        )


def _whole_pictures(packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """The packets, with those of one time joined.

    Where a camera repeats its header before each slice of a picture, FFmpeg takes every slice
    for a picture of its own.
    """
    held = None
    for packet in packets:
        if held is not None and packet.pts is not None and packet.pts == held.pts:
            held = _joined(held, packet)
            continue
        if held is not None:
            yield held
        held = packet
    if held is not None:
        yield held


def _joined(first: av.Packet, second: av.Packet) -> av.Packet:
    packet = av.Packet(bytes(first) + bytes(second))
    packet.time_base = first.time_base
    packet.pts, packet.dts, packet.duration = first.pts, first.dts, first.duration
    packet.is_keyframe = first.is_keyframe or second.is_keyframe
    return packet
