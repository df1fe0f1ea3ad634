"""The record of a watch: totals, gaps, and nothing lost by a kill."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.nearmiss.sources.segment import Gap, Segment
from tasks.nearmiss.watch import RECORD_NAME, Watch

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(second):
    return NOON + timedelta(seconds=second)


def segment(start, end, gap=None):
    return Segment(Path(f"segments/{start}.mp4"), at(start), at(end), (end - start) * 25, gap)


def read(folder):
    return json.loads((folder / RECORD_NAME).read_text())


def test_totals_and_gaps(tmp_path):
    watch = Watch(tmp_path, "rtsp://viewer:s3cret@cam/road")
    watch.add(
        segment(2, 12, Gap(at(0), at(2), "connecting")), results="a", found={"High": 1, "Low": 0}
    )
    watch.add(segment(12, 22), found={"High": 2, "Low": 3})
    watch.add(segment(40, 46, Gap(at(22), at(40), "Connection refused")))
    path = watch.end(Gap(at(46), at(52), "no data for 5 s"), "given up")
    record = read(tmp_path)
    assert path == tmp_path / RECORD_NAME
    assert record["address"] == "rtsp://***:***@cam/road"
    assert record["ended_because"] == "given up"
    assert record["summary"] == {
        "started": "2026-06-01T12:00:00.000+00:00",
        "ended": "2026-06-01T12:00:52.000+00:00",
        "total_sec": 52.0,
        "watched_sec": 26.0,
        "share_watched": 0.5,
        "segments": 3,
        "failed_segments": 0,
        "frames": 650,
        "gaps": 3,
        "longest_gap_sec": 18.0,
        "found": {"High": 3, "Low": 3},
    }
    assert [gap["seconds"] for gap in record["gaps"]] == [2, 18, 6]
    assert [gap["reason"] for gap in record["gaps"]][1] == "Connection refused"
    assert record["segments"][0]["results"] == "a"
    assert record["segments"][2]["start"] == "2026-06-01T12:00:40.000+00:00"


def test_a_segment_that_failed_was_not_watched(tmp_path):
    watch = Watch(tmp_path, "rtsp://cam/road")
    watch.add(segment(0, 10), results="a")
    watch.add(segment(10, 40), failure="the disk is full")
    watch.end(None, "asked to stop")
    record = read(tmp_path)
    summary = record["summary"]
    assert (summary["segments"], summary["failed_segments"]) == (2, 1)
    assert (summary["watched_sec"], summary["share_watched"]) == (10, 0.25)
    assert record["segments"][1]["reason"] == "the disk is full"
    assert "reason" not in record["segments"][0]
    assert watch.failures == {"10.mp4": "the disk is full"}


def test_the_record_is_up_to_date_after_each_segment(tmp_path):
    watch = Watch(tmp_path, "rtsp://cam/road")
    for number in range(3):
        watch.add(segment(10 * number, 10 * number + 10))
        record = read(tmp_path)
        assert len(record["segments"]) == number + 1
        assert record["summary"]["share_watched"] == 1
        assert record["ended_because"] is None


@pytest.mark.parametrize(("gap", "share"), [(Gap(at(0), at(30), "connecting"), 0.0), (None, None)])
def test_a_watch_without_a_segment(tmp_path, gap, share):
    Watch(tmp_path, "rtsp://cam/road").end(gap, "stopped")
    assert read(tmp_path)["summary"]["share_watched"] == share
