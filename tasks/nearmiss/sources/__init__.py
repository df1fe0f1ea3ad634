"""Where videos come from: files, folders, URLs, live streams, and the made scene."""

import re
import stat
from pathlib import Path

from tasks.errors import BadInput
from tasks.nearmiss.frames import open_video
from tasks.nearmiss.sources.stream_address import is_stream

VIDEO_SUFFIXES = {
    ".mp4",
    ".m4v",
    ".mov",
    ".avi",
    ".mkv",
    ".webm",
    ".ts",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".3gp",
}


def is_url(video: str) -> bool:
    """Whether this names something on a network rather than a file."""
    return re.match(r"https?://", video, re.IGNORECASE) is not None


def expand(videos: list[str]) -> list[str]:
    """Files, URLs and streams, with every folder replaced by the videos in it, each once, in order.

    Raises:
        BadInput: a path that does not exist, or a folder without a video.
    """
    found: dict[str, None] = {}
    for video in videos:
        for item in [video] if is_url(video) or is_stream(video) else _files(video):
            found[str(item)] = None
    return list(found)


def _files(video: str) -> list[Path]:
    try:
        path = Path(video).expanduser()
        mode = path.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:  # also a name too long, or `~nobody`
        raise BadInput(f"{video}: there is no such file or folder.") from error
    if stat.S_ISREG(mode):
        return [path]
    if not stat.S_ISDIR(mode):
        raise BadInput(f"{video}: is neither a file nor a folder.")
    files = sorted(
        file
        for file in path.iterdir()
        if file.is_file() and file.suffix.lower() in VIDEO_SUFFIXES and file.name[0] != "."
    )
    if not files:
        raise BadInput(f"{path}: the folder holds no video ({', '.join(sorted(VIDEO_SUFFIXES))}).")
    return files


def safe_name(video: str) -> str:
    """A folder name from a video's name: letters, digits, dot, dash and underscore only."""
    stem = Path(video.split("?")[0]).stem
    name = re.sub(r"[^\w.-]+", "_", stem).strip("._")
    return name.encode()[:100].decode(errors="ignore") or "video"


def check(video: str) -> None:
    """Raise BadInput for a file that is not a video; a URL or a stream is not looked at."""
    if not is_url(video) and not is_stream(video):
        with open_video(Path(video)):
            pass
