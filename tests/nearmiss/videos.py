"""Small real videos made on the spot, whose pictures show the number of their frame."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 8  # upright bars, white for 1, black for 0, lowest bit on the left


def picture(number: int, size: tuple[int, int]) -> np.ndarray:
    """Height x width x 3, BGR uint8, with the number as bars that survive compression."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[:, bit * width // BITS : (bit + 1) * width // BITS] = 255
    return image


def number_in(image: np.ndarray) -> int:
    """The number that `picture` drew."""
    height, width = image.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    lit = image[height // 2, centres].mean(axis=1) > 128
    return sum(1 << bit for bit in range(BITS) if lit[bit])


def make_clip(
    path: Path,
    frames: int = 20,
    size: tuple[int, int] = (64, 48),
    fps: float = 10,
    codec: str = "libx264",
    times: Sequence[float] | None = None,
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    key_every: int = 8,
    options: dict[str, str] | None = None,
    slices: int = 1,
    x264: dict[str, str] | None = None,
) -> Path:
    """Write a video; the container goes by the suffix.

    Args:
        path: where to.
        frames: how many.
        size: width and height in pixels, as stored.
        fps: nominal frames a second.
        codec: a PyAV encoder.
        times: seconds of each frame where the rate is not constant.
        pixel_format: as stored.
        rotation: degrees, counter-clockwise, that a player has to turn the picture.
        key_every: frames from one key frame to the next.
        options: of the container.
        slices: parts of each picture that are coded apart, as cameras do; only with libx264.
        x264: options of libx264 over the usual ones.

    Returns:
        The path.
    """
    rate = Fraction(fps).limit_denominator(1001)
    # MPEG-4 part 2 counts in frames here, so that a time between two of them is not to be had.
    clock = 1 / rate if times is None or codec == "mpeg4" else Fraction(1, 90_000)
    with av.open(str(path), "w", options=options or {}) as container:
        usual = {"preset": "veryfast", "x264-params": f"slices={slices}"}
        encoder = usual | (x264 or {}) if codec == "libx264" else {}
        stream = container.add_stream(codec, rate=rate, options=encoder)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.gop_size = key_every
        stream.codec_context.time_base = clock
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="bgr24")
            frame.pts = number if times is None else round(times[number] / clock)
            frame.time_base = clock
            container.mux(stream.encode(frame))
        if frames:
            container.mux(stream.encode(None))
        else:
            container.start_encoding()
    return path


def make_sound(path: Path, seconds: float = 0.5) -> Path:
    """Write a file that has sound and no picture."""
    rate = 16_000
    samples = np.zeros((1, round(seconds * rate)), np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
