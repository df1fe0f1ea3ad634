"""The Prefect tasks about interactions, one a stage."""

from pathlib import Path
from typing import Any

import pandas as pd

from tasks import files, publish
from tasks.caching import stage
from tasks.nearmiss import report, summary, tracking, tracks_input
from tasks.nearmiss.camera import drift
from tasks.nearmiss.interactions import meetings
from tasks.nearmiss.interactions.filters import FILTERS
from tasks.nearmiss.interactions.trajectories import Trajectory
from tasks.nearmiss.review import clips, compare_filters, labels, page, stills
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Outcome, Run
from tasks.text import plain

PAGES = ("report.html", "review.html", "filters.md")


@stage(work=[meetings, drift], name="interactions")
def find_interactions(
    *,
    metadata: dict[str, Any],
    detections: StageResult,
    tracks: StageResult,
    calibration: FilePointer | str | None,
    definition: dict[str, Any],
    folder: Path,
) -> StageResult:
    """Find the near-misses on smoothed trajectories, and keep what the filters reject."""
    # The boxes as they were tracked: their jitter is measured, which smoothed boxes hide.
    table = pd.read_parquet(tracks.path("sights"))
    if detections.figures["camera"]["kind"] == drift.DRIFTING:
        table = drift.compensate(table, pd.read_parquet(detections.path("camera")))
    picture = (metadata["width"], metadata["height"])
    source = calibration.path if isinstance(calibration, FilePointer) else calibration
    scale = meetings.scale_for(table, picture, source)
    return _found(meetings.trajectories_of_boxes(table, scale), scale, definition, folder)


@stage(work=[tracks_input], name="read tracks")
def read_tracks(*, tracks: FilePointer, units: str, fps: float, folder: Path) -> StageResult:
    """Read trajectories and set aside the rows that cannot be right."""
    table, quarantine = tracks_input.read_tracks(tracks.path, units, fps)
    written = {"tracks": folder / "tracks.parquet", "quarantine": folder / "quarantine.csv"}
    tracking.write_parquet(written["tracks"], table)
    with files.whole_or_nothing(written["quarantine"]) as temporary:
        quarantine.to_csv(temporary, index=False)
    figures = {
        "rows": len(table),
        "quarantined": len(quarantine),
        "road_users": int(table["track_id"].nunique()),
        "frames": int(table["frame_index"].max()) + 1,
    }
    publish.table("tracks", [figures], f"{len(table)} rows kept, {len(quarantine)} set aside")
    warnings = [f"{len(quarantine)} rows were set aside; quarantine.csv has the reasons."]
    return StageResult.of(written, figures, warnings if len(quarantine) else [])


@stage(work=[meetings], name="interactions")
def find_interactions_of_tracks(
    *,
    tracks: StageResult,
    units: str,
    definition: dict[str, Any],
    folder: Path,
) -> StageResult:
    """Find the near-misses among trajectories without a video."""
    trajectories, scale = meetings.measured_input(pd.read_parquet(tracks.path("tracks")), units)
    return _found(trajectories, scale, definition, folder)


@stage(work=[report, page, stills, compare_filters], name="report")
def write_tracks_report(
    *,
    name: str,
    source: FilePointer,
    units: str,
    tracks: StageResult,
    interactions: StageResult,
    events: StageResult | None,
    warnings: list[str],
    folder: Path,
) -> StageResult:
    """Draw a picture of each interaction, and write the report and the review page."""
    kept, rejected = _tables(interactions)
    wanted = pd.concat([kept, page.choose(kept, rejected)[1]], ignore_index=True)
    drawn = stills.write_stills(wanted, pd.read_parquet(tracks.path("tracks")), folder / "stills")
    page.write_review(
        folder / "review.html",
        kept,
        rejected,
        title=name,
        video_sha256=source.sha256,
        stills=drawn,
    )
    text = compare_filters.as_markdown(compare_filters.before_after(kept, rejected, list(FILTERS)))
    files.write_text(folder / "filters.md", text)
    report.write_tracks_report(
        folder / "report.html",
        interactions=kept,
        events=pd.read_csv(events.path("events")) if events else None,
        title=name,
        units=units,
        scale=interactions.figures["scale"],
        road_users=tracks.figures["road_users"],
        rejected=len(rejected),
        quarantined=tracks.figures["quarantined"],
        warnings=warnings,
    )
    written = {path.stem: path for path in map(folder.joinpath, PAGES)}
    return StageResult.of(written | {f"still {key}": path for key, path in drawn.items()}, {}, [])


@stage(work=[clips], name="clips")
def cut_clips(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    tracks: StageResult,
    interactions: StageResult,
    stride: int,
    with_rejected: bool,
    folder: Path,
) -> StageResult:
    """Cut a clip of each interaction, and of the rejected candidates that are reviewed."""
    kept, rejected = _tables(interactions)
    wanted = [kept]
    if with_rejected:
        wanted.append(page.choose(kept, rejected)[1])
    made = clips.write_clips(
        video.path,
        pd.concat(wanted, ignore_index=True),
        pd.read_parquet(tracks.path("tracks")),
        folder / "clips",
        fps=metadata["fps"],
        stride=stride,
    )
    written = {}
    for name, clip in made.items():
        parts = {"video": clip.video, "frame": clip.frame, "close_up": clip.close_up}
        written |= {f"clip {name} {part}": path for part, path in parts.items() if path}
    return StageResult(files={name: FilePointer.to(path) for name, path in written.items()})


@stage(work=[page, compare_filters], name="review")
def write_review(
    *,
    video: FilePointer,
    name: str,
    interactions: StageResult,
    clips_made: StageResult,
    is_made_scene: bool,
    folder: Path,
) -> StageResult:
    """Write what the filters changed, and the page on which a person judges candidates."""
    kept, rejected = _tables(interactions)
    table = compare_filters.before_after(kept, rejected, list(FILTERS))
    text = compare_filters.as_markdown(table)
    files.write_text(folder / "filters.md", text)
    publish.markdown("filters", text, f"{len(rejected)} candidates rejected, {len(kept)} kept")
    page.write_review(
        folder / "review.html",
        kept,
        rejected,
        title=name,
        video_sha256=video.sha256,
        clips=_clips_of(clips_made),
        is_made_scene=is_made_scene,
    )
    return StageResult(
        files={
            "review": FilePointer.to(folder / "review.html"),
            "filters": FilePointer.to(folder / "filters.md"),
        }
    )


@stage(work=[labels], name="labels")
def judge_by_labels(
    *, answers: FilePointer, video: FilePointer, interactions: StageResult, folder: Path
) -> StageResult:
    """Turn a person's answers into precision and recall.

    Raises:
        BadInput: the answers are of another video or of other candidates, or no answers.
    """
    kept, rejected = _tables(interactions)
    read = labels.read_labels(answers.path, kept, rejected, video.sha256)
    figures = labels.precision_recall(read, kept, rejected)
    files.write_json(folder / "labels_result.json", figures)
    publish.table("labels", [{"figure": k, "value": str(v)} for k, v in figures.items()], "Labels")
    return StageResult(
        files={"labels_result": FilePointer.to(folder / "labels_result.json")}, figures=figures
    )


def summarise_tracks(
    run: Run, *, source: FilePointer, command: str, config: dict[str, Any]
) -> Outcome:
    """Write `record.json` and the summary on the flow run's page."""
    tracks, interactions = (run.results[name].figures for name in ("read tracks", "interactions"))
    events = run.results["score"].figures if "score" in run.results else None
    verdict = (
        f"{interactions['total']} interactions of {tracks['road_users']} road users, "
        f"{interactions['rejected']} candidates rejected, {tracks['quarantined']} rows set aside."
    )
    text = f"# {plain(source.path.name)}\n\n**{verdict}**\n"
    if events:
        text += f"\n{summary.event_verdict(events)}\n"
    publish.markdown("summary", text, verdict)
    run.record(
        flow="nearmiss",
        command=command,
        config=config,
        data=[{"source": source.path.name, "sha256": source.sha256, "counts": tracks}],
        metrics={"interactions": interactions} | ({"events": events} if events else {}),
    )
    found = [summary.event_verdict(events)] if events else []
    lines = [interactions["scale"], verdict, *found, f"Report: {run.folder / 'report.html'}"]
    return Outcome(lines=lines, folder=run.folder)


def _found(
    trajectories: list[Trajectory],
    scale: meetings.Scale,
    definition: dict[str, Any],
    folder: Path,
) -> StageResult:
    kept, rejected = meetings.find_interactions(trajectories, **definition)
    written = {"interactions": folder / "interactions.csv", "rejected": folder / "rejected.csv"}
    for path, table in zip(written.values(), (kept, rejected), strict=True):
        with files.whole_or_nothing(path) as temporary:
            table.to_csv(temporary, index=False)
    figures = {
        "total": len(kept),
        "rejected": len(rejected),
        "rejected_by": rejected["filter"].value_counts().to_dict(),
        "units": scale.plane.units,
        "scale": scale.description,
        "serious": int(kept["serious"].sum()),
    }
    verdict = f"{len(kept)} interactions, {len(rejected)} candidates rejected"
    publish.table("interactions", kept.to_dict("records"), verdict)
    publish.table("rejected", rejected.to_dict("records"), verdict)
    return StageResult.of(written, figures, [scale.warning] if scale.warning else [])


def _tables(interactions: StageResult) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tuple(pd.read_csv(interactions.path(name)) for name in ("interactions", "rejected"))


def _clips_of(made: StageResult) -> dict[str, clips.Clip]:
    found: dict[str, dict[str, Path]] = {}
    for label, file in made.files.items():
        _, name, part = label.split(" ")
        found.setdefault(name, {})[part] = file.path
    return {
        name: clips.Clip(parts["video"], parts.get("frame"), parts.get("close_up"))
        for name, parts in found.items()
    }
