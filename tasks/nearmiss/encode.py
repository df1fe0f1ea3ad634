"""Write an H.264 video that plays in a browser."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tasks.errors import StageFailed
from tasks.files import whole_or_nothing
from tasks.nearmiss.planes import Planes

CLOCK = 90_000  # ticks a second; holds the times of every usual frame rate
QUALITY = "23"  # x264's own default
DEFAULT_PRESET = "veryfast"


class VideoWriter:
    """Writes pictures with their own times, as H.264 in MP4, whole or not at all.

    The file is yuv420p with the index in front, because browsers play that. That format has
    only even sizes: an odd last column or row is repeated once.
    """

    def __init__(
        self, path: Path, fps: float, width: int, height: int, preset: str = DEFAULT_PRESET
    ):
        """
        Args:
            path: of the MP4 file.
            fps: nominal frames a second.
            width: of the pictures, in pixels.
            height: of the pictures, in pixels.
            preset: x264's: a slower one makes a smaller file.
        """
        self._preset = preset
        self._path = path
        self._fps = fps
        self._width, self._height = width, height
        self._written = 0

    def __enter__(self) -> "VideoWriter":
        rate = Fraction(self._fps).limit_denominator(1001)
        with ExitStack() as stack:
            temporary = stack.enter_context(whole_or_nothing(self._path))
            self._container = stack.enter_context(
                av.open(str(temporary), "w", options={"movflags": "+faststart"})
            )
            self._stream = self._container.add_stream(
                "libx264", rate=rate, options={"preset": self._preset, "crf": QUALITY}
            )
            self._stream.width = self._width + self._width % 2
            self._stream.height = self._height + self._height % 2
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, CLOCK)
            self._open = stack.pop_all()
        return self

    def write(self, image: np.ndarray | Planes, time: float) -> None:
        """Append a picture.

        Args:
            image: height x width x 3, BGR uint8; or planes, whose colours stay as they are coded.
            time: seconds since the first frame; has to grow.

        Raises:
            StageFailed: the encoder does not start.
        """
        if self._written == 0:
            self._start(image)
        convert = self._from_planes if isinstance(image, Planes) else self._from_picture
        frame = convert(image)
        frame.pts = round(time * CLOCK)
        frame.time_base = Fraction(1, CLOCK)
        self._container.mux(self._stream.encode(frame))
        self._written += 1

    def _from_picture(self, image: np.ndarray) -> av.VideoFrame:
        odd_height, odd_width = self._height % 2, self._width % 2
        if odd_height or odd_width:
            image = np.pad(image, ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
        return av.VideoFrame.from_ndarray(image, format="bgr24")

    def _from_planes(self, image: Planes) -> av.VideoFrame:
        return av.VideoFrame.from_ndarray(image.packed(), format="yuv420p")

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self._open.__exit__(*error)
            return
        with self._open:  # an error in here keeps the old file as well
            if self._written == 0:
                raise ValueError(f"{self._path}: no picture to write")
            self._container.mux(self._stream.encode(None))

    def _start(self, first: np.ndarray | Planes) -> None:
        """Open the encoder, which takes how colours are coded now and never again.

        Raises:
            StageFailed: it does not do this, such as pictures more than 16384 wide.
        """
        if isinstance(first, Planes):
            self._stream.codec_context.colorspace = first.color_space
            self._stream.codec_context.color_range = first.color_range
        try:
            self._container.start_encoding()
        except av.FFmpegError as error:
            if isinstance(error, OSError):  # of the disk, which says what is wrong itself
                raise
            raise StageFailed(
                f"{self._path.name}: the video encoder does not start for pictures of "
                f"{self._width}x{self._height} ({error.strerror})."
            ) from error
