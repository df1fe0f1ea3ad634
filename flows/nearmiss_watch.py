"""A live stream: recorded in segments, each of which is a run of its own.

python flows/nearmiss.py --video rtsp://camera/road --segment-sec 60
"""

from datetime import UTC, datetime

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import get_run_logger

from tasks.errors import BadInput, StageFailed
from tasks.interruption import first_interrupt_calls
from tasks.nearmiss import endings, sites
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.sources.segment import Segment
from tasks.nearmiss.sources.stream import StreamRecorder
from tasks.nearmiss.sources.stream_address import name_of
from tasks.nearmiss.watch import Watch
from tasks.runs import Outcome


def watch(config: NearMissConfig, location: str) -> Outcome:
    """Find near-misses in the segments of a stream, until told to stop or the stream is lost.

    Recording goes on while a segment is looked at. What came before a loss keeps its results, and
    `stream.json` says what was not seen.

    Raises:
        BadInput: the camera refuses the address or login, or the settings do not fit the first
            segment, nor then any other.
        StageFailed: the stream was lost for longer than the configuration allows; or, at the end,
            where the run of any segment failed.
    """
    started = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder = config.resolved_output_dir() / name_of(location) / started
    notes = Watch(folder, location)
    recorder = StreamRecorder(
        location,
        folder / "segments",
        config.segment_sec,
        stop_after_sec=config.stream_for_sec,
        reconnect_for_sec=config.reconnect_for_sec,
        warn=get_run_logger().warning,
    )
    lines: list[str] = []
    lost = None
    with recorder, first_interrupt_calls(recorder.stop):
        try:
            for segment in recorder:
                tried = config.calibrated_by(segment.path)
                lines += one_segment(tried, segment, notes)
                if calibrates(segment, notes, config.segment_sec):
                    config = tried
        except (BadInput, StageFailed) as error:
            lost = error
    notes.end(recorder.closing_gap, str(lost) if lost else "asked to stop")
    outcome = endings.end_of_watch(notes, folder, lines)
    error = lost or failed_segments(notes)
    if error:
        print(*outcome.lines, sep="\n")
        raise error
    return outcome


def calibrates(segment: Segment, notes: Watch, segment_sec: float) -> bool:
    """Whether what an int8 engine was calibrated with serves later segments too: not a piece of a
    few frames, nor one whose run failed."""
    return segment.seconds >= segment_sec / 2 and segment.path.name not in notes.failures


def one_segment(config: NearMissConfig, segment: Segment, notes: Watch) -> list[str]:
    """The whole flow for one segment, noted: the lines to print of it.

    The recording of one that failed is kept in any case, so that it can be looked at again, and
    so is the one that an int8 engine was calibrated with.

    Raises:
        BadInput: of the first segment, where it is about the settings.
    """
    from flows.nearmiss import nearmiss  # which imports this file

    state = nearmiss(config.for_segment(segment.path, notes.folder), return_state=True)
    if state.is_completed():
        outcome = state.result()
        counts = sites.counts_of(outcome.folder)
        notes.add(segment, state=state.name, results=segment.path.stem, found=counts)
        found = outcome.lines
        if not config.keep_segments and segment.path != config.int8_video:
            segment.path.unlink()
    else:
        found = [endings.reason_of(state)]
        is_first = not notes.segments
        notes.add(segment, failure=found[0], state=state.name)
        error = state.result(raise_on_failure=False)
        if is_first and isinstance(error, BadInput) and not endings.is_about(segment.path, error):
            raise error
    return [segment.path.name, *(f"  {line}" for line in found)]


def failed_segments(notes: Watch) -> StageFailed | None:
    """An error that tells of the segments whose runs failed; None where none did."""
    if not notes.failures:
        return None
    name, reason = next(iter(notes.failures.items()))
    return StageFailed(
        f"{len(notes.failures)} of {notes.summary()['segments']} segments failed, the first "
        f"{name} ({reason}); their recordings are kept in {notes.folder / 'segments'}."
    )
