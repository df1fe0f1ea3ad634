"""How runs end: what is written, shown on the run page and said last, and why one failed."""

import json
from pathlib import Path
from typing import Any

from prefect.states import State

from tasks import files, publish
from tasks.errors import BadInput, StageFailed
from tasks.nearmiss import sites, summary
from tasks.nearmiss.watch import RECORD_NAME, Watch
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Outcome, Run

MOST_ROWS = 200  # of a table on the run page; stream.json has all


def summarise(run: Run, *, source: StageResult, command: str, config: dict[str, Any]) -> Outcome:
    """Write `summary.md` and `record.json`, and put the summary on the flow run's own page."""
    text = summary.markdown(run.results, run.cached, run.warnings, run.folder)
    files.write_text(run.folder / "summary.md", text)
    verdict = summary.event_verdict(run.results["score"].figures)
    publish.markdown("summary", text, verdict)
    timeline = run.results["report"].path("timeline")
    publish.pictures("summary", {"Near-miss events over time": timeline}, verdict)
    written = {"summary": FilePointer.to(run.folder / "summary.md")}
    run.add("summary", StageResult(files=written))
    run.record(
        flow="nearmiss",
        command=command,
        config=config,
        data=[summary.data_entry(source, run.results)],
        metrics=summary.metrics(run.results),
    )
    return Outcome(lines=summary.lines(run.results, run.folder), folder=run.folder)


def compare_sites(
    folder: Path, rows: list[dict[str, Any]], *, command: str, config: dict[str, Any]
) -> Outcome:
    """Write what became of several videos and the ranking of their sites, also on the run page.

    Args:
        folder: for the tables.
        rows: of `sites.video_row` or `sites.failed_row`, in the order of the videos.
        command: that runs the batch again.
        config: resolved.
    """
    videos = sites.videos_table(rows)
    ranking = sites.rank_sites(videos)
    text = sites.as_markdown(videos, ranking)
    files.write_text(folder / "summary.md", text)
    written = {"videos": folder / "videos.csv", "sites": folder / "sites.csv"}
    for path, table in zip(written.values(), (videos, ranking), strict=True):
        with files.whole_or_nothing(path) as temporary:
            table.to_csv(temporary, index=False)
    verdict = sites.verdict(videos, ranking)
    publish.table("videos", videos.astype(object).to_dict("records"), verdict)
    publish.table("sites", ranking.astype(object).to_dict("records"), verdict)
    publish.markdown("summary", text, verdict)
    run = Run(folder, folder, refresh=False)
    run.add("batch", StageResult.of(written | {"summary": folder / "summary.md"}, {}))
    run.record(
        flow="nearmiss",
        command=command,
        config=config,
        data=[{"source": row["video"], "state": row["state"]} for row in rows],
        metrics={"sites": json.loads(ranking.to_json(orient="records"))},
    )
    lines = [*sites.as_lines(videos, ranking), verdict, f"Tables: {folder}"]
    return Outcome(lines=lines, folder=folder)


def end_of_watch(notes: Watch, folder: Path, lines: list[str]) -> Outcome:
    """Put the totals of watching a stream, its segments and its gaps on the run page.

    Args:
        notes: ended.
        folder: of the results.
        lines: of the segments.
    """
    totals = notes.summary()
    verdict = (
        f"{totals['segments']} segments ({totals['failed_segments']} failed), "
        f"{totals['watched_sec']:.0f} of "
        f"{totals['total_sec']:.0f} s watched, {totals['gaps']} gaps "
        f"(longest {totals['longest_gap_sec']:.1f} s)."
    )
    found = totals.pop("found")
    if found:
        verdict += f" {summary.watched_verdict(found, totals['watched_sec'])}"
    publish.table("stream", [totals | found], verdict)
    last = notes.segments[-MOST_ROWS:]
    told = "" if len(last) == len(notes.segments) else f"The last {MOST_ROWS}. "
    publish.table("segments", segment_rows(last), f"{told}{verdict}")
    publish.table("gaps", notes.gaps[-MOST_ROWS:], verdict)
    return Outcome(lines=[*lines, verdict, f"Record: {folder / RECORD_NAME}"], folder=folder)


def segment_rows(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a segment, first when it was and what was found, since the page cuts off what is on
    the right; all with the same columns: one whose run failed has a reason and no counts."""
    rows = [segment | segment.get("found", {}) for segment in segments]
    counts = dict.fromkeys(name for segment in segments for name in segment.get("found", {}))
    columns = dict.fromkeys(["start", "state", *counts])
    columns |= dict.fromkeys(column for row in rows for column in row if column != "found")
    return [{column: row.get(column, "") for column in columns} for row in rows]


def is_about(video: Path, error: BadInput) -> bool:
    """Whether it is the video that is bad: a sentence begins with what it is about. Any other is
    about the settings, which the next video has as well."""
    return str(error).startswith(f"{video}:")


def reason_of(state: State) -> str:
    """Why a run did not end well, in one sentence."""
    error = state.result(raise_on_failure=False)
    return str(error) if isinstance(error, BadInput | StageFailed) else str(state.message)
