"""The record of watching a live stream: its segments, its gaps, and the share of time seen."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.files import write_json
from tasks.nearmiss.sources.segment import Gap, Segment
from tasks.nearmiss.sources.stream_address import masked

RECORD_NAME = "stream.json"


class Watch:
    """Keeps `stream.json` up to date: it is written anew with each segment, whole or not at all,
    so that a kill loses nothing of what came before.

    Attributes:
        folder: of the record.
        segments: what is kept of each, in their order.
        gaps: start, end, seconds and reason of each time in which nothing was recorded.
        failures: reason why the run of a segment failed, by the name of its file.
    """

    def __init__(self, folder: Path, location: str):
        """
        Args:
            folder: for the record.
            location: address of the stream; it is kept without its secrets.
        """
        self.folder = folder
        self._path = folder / RECORD_NAME
        self._address = masked(location)
        self.segments: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self._started = self._ended = datetime.now(UTC)
        self._watched_sec = 0.0
        self.failures: dict[str, str] = {}

    def add(self, segment: Segment, failure: str | None = None, **facts: Any) -> None:
        """Note a segment.

        Args:
            segment: as it was recorded.
            failure: why its run failed; its time then counts as not watched.
            facts: what else to keep beside it, JSON-able, such as where its results are; `found`
                are counts, which are added up.
        """
        if not self.segments:
            self._started = segment.gap.start if segment.gap else segment.start
        self.segments.append(
            {
                "file": segment.path.name,
                "start": _stamp(segment.start),
                "end": _stamp(segment.end),
                "frames": segment.frames,
                **({"reason": failure} if failure is not None else {}),
                **facts,
            }
        )
        if segment.gap:
            self._note(segment.gap)
        self._ended = segment.end
        if failure is None:
            self._watched_sec += segment.seconds
        else:
            self.failures[segment.path.name] = failure
        self._write(None)

    def end(self, closing_gap: Gap | None, reason: str) -> Path:
        """Note how the watch ended.

        Args:
            closing_gap: between the last segment and the end of the recording.
            reason: why it ended, without secrets.

        Returns:
            The record.
        """
        if closing_gap:
            self._note(closing_gap)
            if not self.segments:
                self._started = closing_gap.start
            self._ended = closing_gap.end
        self._write(reason)
        return self._path

    def summary(self) -> dict[str, Any]:
        """Totals: seconds, segments and how many of them failed, frames, gaps, what was found, and
        the share of the time that was watched: recorded, and looked at to the end.

        The share is None where no time has passed.
        """
        total_sec = (self._ended - self._started).total_seconds()
        return {
            "started": _stamp(self._started),
            "ended": _stamp(self._ended),
            "total_sec": round(total_sec, 3),
            "watched_sec": round(self._watched_sec, 3),
            "share_watched": round(min(1.0, self._watched_sec / total_sec), 4)
            if total_sec > 0
            else None,
            "segments": len(self.segments),
            "failed_segments": len(self.failures),
            "frames": sum(segment["frames"] for segment in self.segments),
            "gaps": len(self.gaps),
            "longest_gap_sec": max((gap["seconds"] for gap in self.gaps), default=0.0),
            "found": self.found(),
        }

    def found(self) -> dict[str, int]:
        """Counts of all segments together. A road user who is there when one ends and the next
        begins counts in both."""
        counts: Counter[str] = Counter()
        for segment in self.segments:
            counts.update(segment.get("found", {}))
        return dict(counts)

    def _note(self, gap: Gap) -> None:
        self.gaps.append(
            {
                "start": _stamp(gap.start),
                "end": _stamp(gap.end),
                "seconds": round(gap.seconds, 3),
                "reason": gap.reason,
            }
        )

    def _write(self, ended_because: str | None) -> None:
        write_json(
            self._path,
            {
                "address": self._address,
                "summary": self.summary(),
                "ended_because": ended_because,
                "segments": self.segments,
                "gaps": self.gaps,
            },
        )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
