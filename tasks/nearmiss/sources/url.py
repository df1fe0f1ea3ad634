"""Download a video with yt-dlp, at 720p or lower."""

from pathlib import Path

from tasks.errors import StageFailed

MAX_HEIGHT = 720
MAX_BYTES = 4 * 1024**3


def download(url: str, folder: Path) -> Path:
    """Get a video into a folder.

    Args:
        url: http or https.
        folder: where to; the file is named by what yt-dlp calls the video.

    Raises:
        StageFailed: it cannot be had; trying again later may help.
    """
    import yt_dlp

    folder.mkdir(parents=True, exist_ok=True)
    options = {
        # Picture only: sound would need a separate program to be joined.
        "format": f"bv[height<=?{MAX_HEIGHT}]/b[height<=?{MAX_HEIGHT}]",
        "outtmpl": {"default": str(folder / "%(id)s.%(ext)s")},
        "restrictfilenames": True,
        "noplaylist": True,
        "max_filesize": MAX_BYTES,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": _Silent(),
    }
    try:
        with yt_dlp.YoutubeDL(options) as downloader:
            info = downloader.extract_info(url)
            path = Path(downloader.prepare_filename(info))
    except yt_dlp.utils.YoutubeDLError as error:
        reason = " ".join(str(error).removeprefix("ERROR: ").split()).rstrip(".")
        raise StageFailed(f"{url}: cannot be downloaded ({reason}).") from error
    if not path.is_file():
        raise StageFailed(f"{url}: yt-dlp brought no file (over {MAX_BYTES // 1024**3} GB?).")
    return path


class _Silent:
    """What yt-dlp would print; its error is raised as well."""

    def debug(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...
