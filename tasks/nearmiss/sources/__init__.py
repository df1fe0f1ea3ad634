"""Where videos come from: files, folders, URLs, live streams, and the made scene."""

import glob
import os
import re
import stat
from pathlib import Path

from tasks.errors import BadInput
from tasks.nearmiss.frames import open_video
from tasks.nearmiss.sources.stream_address import is_device, is_stream

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
    """Files, URLs and streams, with every folder or glob replaced by its videos, each once, in
    order.

    Raises:
        BadInput: a path that does not exist, or a folder or glob without a video.
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
        if glob.has_magic(video):
            return _matching(video)
        raise BadInput(f"{video}: there is no such file or folder.") from error
    if stat.S_ISREG(mode):
        return [path]
    if not stat.S_ISDIR(mode):
        raise BadInput(f"{video}: is neither a file nor a folder.")
    files = sorted(file for file in path.iterdir() if _is_video(file))
    if not files:
        raise BadInput(f"{path}: the folder holds no video ({', '.join(sorted(VIDEO_SUFFIXES))}).")
    return files


def _matching(pattern: str) -> list[Path]:
    """The videos that a glob names; `**` goes through folders in folders."""
    found = glob.glob(os.path.expanduser(pattern), recursive=True)
    files = sorted(path for path in map(Path, found) if _is_video(path))
    if not files:
        raise BadInput(f"{pattern}: no video matches ({', '.join(sorted(VIDEO_SUFFIXES))}).")
    return files


def _is_video(file: Path) -> bool:
    """Whether a file is one by its name; hidden ones are left aside."""
    return file.is_file() and file.suffix.lower() in VIDEO_SUFFIXES and file.name[0] != "."


def safe_name(video: str) -> str:
    """A folder name from a video's name: letters, digits, dot, dash and underscore only."""
    stem = Path(video.split("?")[0]).stem
    name = re.sub(r"[^\w.-]+", "_", stem).strip("._")
    return name.encode()[:100].decode(errors="ignore") or "video"


def check(video: str) -> None:
    """Raise BadInput for a file that is not a video, or a capture device that is not to be had; a
    URL or a stream is not looked at."""
    if is_device(video):
        if not Path(video).exists():
            raise BadInput(f"{video}: there is no such device.")
        if not os.access(video, os.R_OK | os.W_OK):
            raise BadInput(f"{video}: may not be used; the user has to be in its group (video).")
    if not is_url(video) and not is_stream(video):
        with open_video(Path(video)):
            pass
