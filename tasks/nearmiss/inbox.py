"""Which videos of a folder are new and whole, and where each goes when it is done with.

A file is looked into when its size and time stay as they are for a while, and taken when it opens
as a video of which nothing is missing. What came of each content is kept by its sha256, so that
no content is processed twice, whatever its name.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import av

from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of
from tasks.moving import NOTE_SUFFIX, move_into
from tasks.nearmiss.frames import open_video
from tasks.nearmiss.inbox_config import InboxFolders
from tasks.nearmiss.inbox_ledger import Content, Ledger, Sight, now_utc
from tasks.nearmiss.sources import VIDEO_SUFFIXES

# Programs that copy or download give a file such a name until it is whole.
TEMPORARY_SUFFIXES = {
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".filepart",
    ".tmp",
    ".temp",
}
# A picture may end this much before the sound, or before the time that the header states.
END_TOLERANCE_SEC = 2.0

PROCESSED, REPEAT, WAITING, QUARANTINED, GONE = (
    "processed",
    "repeat",
    "waiting",
    "quarantined",
    "gone",
)
COPY_AGAIN = "Copy the whole file into the inbox again."
TRY_AGAIN = "Move the video back into the inbox to have it tried again."


@dataclass(frozen=True)
class Arrival:
    """A video to process: its name in the inbox, its path, and the sha256 of its content."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Handled:
    """What a look did with a file: one row of its summary.

    Attributes:
        video: name of the file, printable.
        state: processed, repeat, waiting, quarantined or gone.
        reason: what was found, or why it is so.
        folder: of the results, or of the file.
    """

    video: str
    state: str
    reason: str
    folder: str = ""


class Inbox:
    """One look into the folder; the caller holds the lock of `inbox_ledger.only_one`.

    Attributes:
        folder: the inbox, absolute.
        misnamed: files whose names no ledger can hold, since the last look.
    """

    def __init__(self, config: InboxFolders):
        """
        Raises:
            BadInput: the folder is not there or cannot be used, or its ledger is none.
        """
        self._config = config
        self.folder = usable_folder(config.inbox)
        self._processed = self.folder / config.processed.expanduser()
        self._quarantine = self.folder / config.quarantine.expanduser()
        for name, target in (("processed", self._processed), ("quarantine", self._quarantine)):
            if target.resolve() == self.folder:
                raise BadInput(f"--{name}: cannot be the inbox itself; --keep leaves videos there.")
        self._ledger = Ledger.read(self.folder)
        self.misnamed: list[Handled] = []

    def look(self, now: float) -> None:
        """Note the size and time of every video in the folder.

        Args:
            now: seconds since 1970.
        """
        seen = {}
        self.misnamed = []
        for name in videos_in(self.folder):
            if not _is_utf8(name):
                reason = "Its name is not UTF-8; rename it."
                self.misnamed.append(Handled(shown(name), WAITING, reason))
                continue
            sight = _sight(self.folder / name, now)
            before = self._ledger.files.get(name)
            if sight is None:
                continue
            if before and _same(before, sight) and before.since <= now:
                sight = before
            seen[name] = sight
        self._ledger.files = seen
        self._write()

    def seconds_to_settle(self, now: float) -> float:
        """Until the youngest file has been as it is for long enough; 0 where all have."""
        ages = (now - sight.since for sight in self._ledger.files.values())
        return max((self._config.settle_sec - age for age in ages), default=0.0)

    def names(self) -> list[str]:
        """The videos that the last look saw, in order."""
        return sorted(self._ledger.files)

    def examine(self, name: str, now: float) -> Arrival | Handled | None:
        """Decide on one file.

        Args:
            name: one of `names`.
            now: seconds since 1970, of the last look.

        Returns:
            The video where it is to be processed; what was done with it where it is not; None
            where there is nothing to do or to say.

        Raises:
            StageFailed: it has to be moved and cannot be.
        """
        sight = self._ledger.files[name]
        age = now - sight.since
        if age < self._config.settle_sec:
            return Handled(shown(name), WAITING, "It is still being written to.")
        if sight.sha256 is None:
            path = self.folder / name
            problem, opens = what_is_missing(path)
            current = _sight(path, now)
            if current is None:
                return self._left(name)
            if problem and age < self._config.patience_sec:
                return Handled(shown(name), WAITING, problem)
            try:
                sha256 = sha256_of(path)
            except OSError as error:
                return Handled(shown(name), WAITING, f"It cannot be read ({error.strerror}).")
            if not (_same(sight, current) and self._is_unchanged(name)):
                return Handled(shown(name), WAITING, "It is still being written to.")
            sight.sha256 = sha256
            self._write()
            if problem and not opens:
                return self.quarantine(Arrival(name, path, sha256), problem, COPY_AGAIN)
        return self._decide(Arrival(name, self.folder / name, sight.sha256))

    def begin(self, video: Arrival) -> None:
        """Note that a video is being worked on, should the process end on the way."""
        content = self._content(video)
        if content.state == QUARANTINED:  # somebody put it back
            content.attempts = 0
        content.attempts += 1
        self._set(content, "running", "")

    def done(self, video: Arrival, folder: Path, found: str) -> Handled:
        """Note that a video is processed, and move it out of the inbox unless it is to be kept.

        Args:
            video: that `begin` was told of.
            folder: of its results.
            found: a sentence on them.

        Raises:
            StageFailed: it cannot be moved; it counts as processed nevertheless.
        """
        if (self.folder / video.name).exists() and not self._is_unchanged(video.name):
            return self._left(video.name)
        content = self._content(video)
        content.attempts, content.folder = 0, str(folder)
        self._set(content, PROCESSED, found)
        if not self._config.keep:
            content.file = self._moved(video, self._processed)
            self._write()
        return Handled(shown(video.name), PROCESSED, found, str(folder))

    def attempts_left(self, video: Arrival) -> int:
        """How many more looks may try a video that fails for no known reason."""
        return max(self._config.attempts - self._content(video).attempts, 0)

    def postpone(self, video: Arrival, reason: str, blame: bool) -> Handled:
        """Leave a video for the next look.

        Args:
            video: that `begin` was told of.
            reason: a sentence.
            blame: whether this attempt counts against the video.
        """
        if not self._is_unchanged(video.name):
            return self._left(video.name)
        content = self._content(video)
        content.attempts -= 0 if blame else 1
        self._set(content, WAITING, reason)
        return Handled(shown(video.name), WAITING, reason, str(self.folder))

    def quarantine(self, video: Arrival, reason: str, advice: str) -> Handled:
        """Move a video that cannot be processed, and say in a note beside it why.

        Args:
            video: the file.
            reason: a sentence: why.
            advice: a sentence: what to do.

        Raises:
            StageFailed: it cannot be moved.
        """
        content = self._content(video)
        note = (
            f"{shown(video.name)} was not processed.\n"
            f"Why: {reason}\nWhen: {now_utc()}\nWhat to do: {advice}\n"
        )
        content.file = self._moved(video, self._quarantine, note)
        if content.file is None:
            return self._left(video.name)
        content.attempts = 0
        self._set(content, QUARANTINED, reason)
        reason = f"{reason} Note: {Path(content.file).name}{NOTE_SUFFIX}."
        return Handled(shown(video.name), QUARANTINED, reason, str(self._quarantine))

    def _decide(self, video: Arrival) -> Arrival | Handled | None:
        """What to do with a whole file, by what is known of its content."""
        content = self._ledger.contents.get(video.sha256)
        if content is None or content.state in (QUARANTINED, WAITING):
            return video
        if content.state == "running":  # and yet no look is at work: that one was cut off
            if content.attempts < self._config.attempts:
                return video
            reason = (
                f"The process ended without a word while it worked on this video, "
                f"{content.attempts} times; there may be too little memory."
            )
            return self.quarantine(video, reason, TRY_AGAIN)
        known = video.name in (content.name, *content.repeats)
        if known and self._config.keep:
            return None
        if not known:
            content.repeats.append(video.name)
            self._write()
        if not self._config.keep:
            moved = self._moved(video, self._processed)
            content.file = content.file or moved
            self._write()
        reason = f"Its content was processed on {content.when}, as {shown(content.name)}."
        return Handled(shown(video.name), REPEAT, reason, content.folder or "")

    def _content(self, video: Arrival) -> Content:
        fresh = Content(name=video.name, state=WAITING, when=now_utc())
        return self._ledger.contents.setdefault(video.sha256, fresh)

    def _set(self, content: Content, state: str, reason: str) -> None:
        content.state, content.reason, content.when = state, reason, now_utc()
        self._write()

    def _moved(self, video: Arrival, folder: Path, note: str | None = None) -> str | None:
        """Move a file, unless it is not the one that was looked at: where it is now, else None."""
        if not self._is_unchanged(video.name):
            return None
        try:
            target = move_into(folder, self.folder / video.name, note)
        except OSError as error:
            raise StageFailed(
                f"{self.folder / video.name}: cannot be moved to {folder} "
                f"({error.strerror or error}); see to its rights and its free space."
            ) from error
        self._ledger.files.pop(video.name, None)
        return None if target is None else str(target)

    def _is_unchanged(self, name: str) -> bool:
        before, current = self._ledger.files.get(name), _sight(self.folder / name, 0.0)
        return before is not None and current is not None and _same(before, current)

    def _left(self, name: str) -> Handled:
        """Forget a file that somebody took away or changed; that is nobody's mistake."""
        sight = self._ledger.files.pop(name, None)
        content = self._ledger.contents.get(sight.sha256) if sight and sight.sha256 else None
        if content and content.state in ("running", WAITING):
            del self._ledger.contents[sight.sha256]
        self._write()
        if (self.folder / name).exists():
            return Handled(shown(name), WAITING, "It was changed while it was looked at.")
        return Handled(shown(name), GONE, "It is no longer in the inbox.")

    def _write(self) -> None:
        self._ledger.write(self.folder)


def usable_folder(folder: Path) -> Path:
    """The inbox as an absolute path.

    Raises:
        BadInput: it is not there, not a folder, or not ours to write to.
    """
    path = folder.expanduser().resolve()
    if not path.is_dir():
        raise BadInput(f"{folder}: there is no such folder; make it, or name another as --inbox.")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise BadInput(f"{folder}: the inbox must be readable and writable; see to its rights.")
    return path


def videos_in(folder: Path) -> list[str]:
    """Names of the regular files that are videos by their suffix, in order.

    Hidden and temporary files, folders and links are none; a link may lead anywhere.
    """
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if is_video_name(entry.name) and entry.is_file(follow_symlinks=False)
        )


def is_video_name(name: str) -> bool:
    """Whether a file of this name is a video, and not one that some program still writes."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes[-2:]]
    return (
        name[0] not in ".~"
        and bool(suffixes)
        and suffixes[-1] in VIDEO_SUFFIXES
        and not TEMPORARY_SUFFIXES.intersection(suffixes)
    )


def what_is_missing(path: Path) -> tuple[str | None, bool]:
    """Whether a file is a whole video, as far as its container tells.

    MP4, MOV, AVI and Matroska state how many frames or seconds there are; MPEG streams do not,
    so that a part of one looks whole.

    Returns:
        What is missing, None where nothing is; and whether the file opens as a video.
    """
    try:
        with open_video(path) as (container, stream):
            frames, end = 0, None
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets)
                except (StopIteration, av.error.FFmpegError):
                    break
                if not packet.size or packet.is_corrupt:
                    continue
                frames += 1
                if packet.pts is not None:
                    end = max(end or 0.0, float(packet.pts * stream.time_base))
            if not frames:
                return f"{path}: has no frames.", False
            if frames < stream.frames:
                return f"Only {frames} of its {stream.frames} frames are there.", True
            if container.duration is not None and end is not None and not stream.frames:
                start = (container.start_time or 0) / av.time_base
                stated = container.duration / av.time_base
                if end - start < stated - END_TOLERANCE_SEC:
                    return f"Only {end - start:.1f} of its {stated:.1f} seconds are there.", True
    except BadInput as error:
        return str(error), False
    return None, True


def shown(name: str) -> str:
    """A file name for people: on one line, whatever is in it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _sight(path: Path, now: float) -> Sight | None:
    """Size and time of a regular file; None where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Sight(size=status.st_size, mtime_ns=status.st_mtime_ns, since=now)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _same(one: Sight, other: Sight) -> bool:
    return (one.size, one.mtime_ns) == (other.size, other.mtime_ns)
