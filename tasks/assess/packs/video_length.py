"""Whether the walkthrough can be played and is short enough."""

import re
import subprocess
import sys
from pathlib import Path

from tasks.assess.packs import video_seconds
from tasks.assess.packs.base import EvidenceProbe, Looked
from tasks.assess.packs.work import Work
from tasks.assess.rubrics.rubric import Assignment

VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".m4v", ".avi")
# Of several videos these are the walkthrough; the others are results.
WALKTHROUGH = re.compile(
    r"walk[-_ ]?through|demo|present|pitch|screen[-_ ]?cast|explain|overview|talk", re.IGNORECASE
)
MOST_SEC = 180.0
WAIT_SEC = 120.0
CANNOT_BE_PLAYED = 3


class VideoLength(EvidenceProbe):
    """A video that can be played and takes less than three minutes."""

    name = "video_length"
    found = "The videos can be played and are shorter than three minutes."
    advice = "Cut the walkthrough below three minutes, and play it once before you hand it in."

    def asks(self, assignment: Assignment) -> bool:
        return any(pattern.lower().endswith(VIDEOS) for pattern in assignment.files)

    def look(self, work: Work) -> Looked:
        videos = [path for path in work.files if path.suffix.lower() in VIDEOS]
        videos = [path for path in videos if WALKTHROUGH.search(path.stem)] or videos
        if not videos:
            return Looked(0, 1, ["a video"])
        missing, lengths, unreadable = [], {}, False
        for path in videos:
            inner = work.inner(path)
            length = length_of(path)
            if isinstance(length, str):
                unreadable |= length != "it cannot be played"
                missing.append(f"a video in {inner}: {length}")
                continue
            lengths[inner] = round(length, 1)
            if length >= MOST_SEC:
                missing.append(f"a video under {MOST_SEC:g} s: {inner} takes {length:.0f} s")
        return Looked(len(videos) - len(missing), len(videos), missing, lengths, unreadable)


def length_of(path: Path) -> float | str:
    """Seconds of a video, or why they are not known."""
    command = [sys.executable, "-I", str(Path(video_seconds.__file__)), str(path.resolve())]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=WAIT_SEC, check=False
        )
    except subprocess.TimeoutExpired:
        return "reading it took too long"
    if done.returncode == CANNOT_BE_PLAYED:
        return "it cannot be played"
    if done.returncode != 0:
        return "reading it ended the reader"
    return float(done.stdout)
