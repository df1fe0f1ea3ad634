"""Prints how long a video is, in seconds; run as a process of its own, with limits.

Videos are read by native code, and these come from outside: a crash or an endless file must end
this process and not the grading.
"""

import resource
import sys

CPU_SEC = 60
MEMORY_BYTES = 4 * 1024**3


def seconds(path: str) -> float:
    """Seconds from the first to the end of the last picture, by the stream's own timestamps.

    The first picture is decoded, so that a file that cannot be played is none. The container's
    own duration is not trusted.

    Raises:
        ValueError: there is no picture.
    """
    import av

    with av.open(path) as container:
        if not container.streams.video:
            raise ValueError("no video stream")
        stream = container.streams.video[0]
        if next(container.decode(stream), None) is None:
            raise ValueError("no picture")
    with av.open(path) as container:
        stream = container.streams.video[0]
        spans = [
            (packet.pts, packet.pts + (packet.duration or 0))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        if not spans:
            raise ValueError("no timestamps")
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        return float((last - first) * stream.time_base)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SEC, CPU_SEC))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        print(seconds(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  whatever a broken file leads to
        print(type(error).__name__, file=sys.stderr)
        sys.exit(3)
