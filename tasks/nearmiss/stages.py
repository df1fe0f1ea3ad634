"""The Prefect tasks from detections to the report."""

from pathlib import Path
from typing import Any

import pandas as pd

from tasks import files, publish
from tasks.caching import stage
from tasks.nearmiss import (
    limitations,
    plots,
    refinement,
    render,
    report,
    scoring,
    summary,
    trackers,
    tracking,
    tracks_input,
)
from tasks.nearmiss.camera import drift
from tasks.nearmiss.frames import sample_frames
from tasks.pointers import FilePointer, StageResult


@stage(work=[tracking, trackers, refinement, plots], name="track")
def track(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    detections: StageResult,
    tracker: str,
    max_disappeared: int,
    stride: int,
    folder: Path,
) -> StageResult:
    """Give the detections identities, then bridge gaps and smooth the boxes."""
    frames = pd.read_parquet(detections.path("frames"))
    written = {
        "tracks": folder / "tracks.parquet",
        "sights": folder / "sights.parquet",
        "tracks_mot": folder / "tracks_mot.txt",
        "trajectories": folder / "trajectories.png",
    }
    with publish.progress("track", len(frames)) as on_progress:
        seen = tracking.track_detections(
            frames,
            pd.read_parquet(detections.path("detections")),
            trackers.make_tracker(tracker, max_disappeared),
            on_progress,
        )
    tracks = refinement.refine_tracks(seen, frames, stride, metadata["width"], metadata["height"])
    tracking.write_parquet(written["sights"], seen)
    tracking.write_parquet(written["tracks"], tracks)
    tracking.write_motchallenge(written["tracks_mot"], tracks)
    plots.trajectories(written["trajectories"], tracks, sample_frames(video.path, 1)[0])
    figures = tracking.track_figures(seen)
    publish.table("tracks", [summary.flat(figures)], summary.track_verdict(figures))
    publish.pictures("tracks", {"Trajectories": written["trajectories"]}, "All road users")
    return StageResult.of(written, figures)


@stage(work=[scoring, drift], name="score")
def score(
    *,
    detections: StageResult,
    tracks: StageResult,
    criteria: dict[str, Any],
    folder: Path,
) -> StageResult:
    """Find the near-misses among all pairs of road users."""
    frames = pd.read_parquet(detections.path("frames"))
    return _scored(frames, _steady_tracks(detections, tracks), criteria, folder)


@stage(work=[scoring, tracks_input], name="score")
def score_given_tracks(
    *, tracks: StageResult, criteria: dict[str, Any], folder: Path
) -> StageResult:
    """Find the near-misses among tracks in pixels that came without a video."""
    table = pd.read_parquet(tracks.path("tracks"))
    return _scored(*tracks_input.as_tracked(table), criteria, folder)


def _scored(
    frames: pd.DataFrame, tracks: pd.DataFrame, criteria: dict[str, Any], folder: Path
) -> StageResult:
    detector = scoring.NearMissDetector(**criteria)
    events = scoring.score_tracks(frames, tracks, detector)
    written = {"events": folder / "events.csv"}
    with files.whole_or_nothing(written["events"]) as temporary:
        events.to_csv(temporary, index=False)
    figures = summary.event_figures(events) | {
        "pedestrian_pairs_skipped": detector.skipped_pedestrian_pairs
    }
    publish.table("events", events.to_dict("records"), summary.event_verdict(figures))
    return StageResult.of(written, figures)


@stage(work=[render], name="render")
def render_annotated(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    tracks: StageResult,
    events: StageResult,
    stride: int,
    video_preset: str,
    folder: Path,
) -> StageResult:
    """Write the annotated video."""
    target = folder / "annotated_video.mp4"
    with publish.progress("render", metadata["frames"]) as on_progress:
        written = render.render_video(
            video.path,
            tracking.read_pieces(tracks.path("tracks"), render.BoxesInBetween.COLUMNS),
            pd.read_csv(events.path("events")),
            target,
            fps=metadata["fps"],
            width=metadata["width"],
            height=metadata["height"],
            stride=stride,
            preset=video_preset,
            on_progress=on_progress,
        )
    return StageResult.of({"annotated_video": target}, {"frames_written": written})


@stage(work=[report, plots, limitations, summary], name="report")
def write_report(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    detections: StageResult,
    tracks: StageResult,
    events: StageResult,
    interactions: StageResult,
    has_review: bool,
    truth: dict[str, Any] | None,
    warnings: list[str],
    folder: Path,
) -> StageResult:
    """Draw the pictures and write the HTML report."""
    event_table = pd.read_csv(events.path("events"))
    places = tracking.read_pieces(tracks.path("tracks"), plots.PLACE)
    first_frame = sample_frames(video.path, 1)[0]
    pictures = {
        "timeline": folder / "timeline.png",
        "risk_distribution": folder / "risk_distribution.png",
        "heatmap": folder / "heatmap.png",
        "frequency": folder / "frequency.png",
    }
    plots.timeline(pictures["timeline"], event_table, metadata["duration_sec"])
    plots.risk_distribution(pictures["risk_distribution"], event_table)
    plots.heatmap(pictures["heatmap"], places, first_frame)
    plots.frequency(pictures["frequency"], event_table, metadata["duration_sec"])
    captions = {
        "Near-miss events over time": pictures["timeline"],
        "Distribution of the risk scores": pictures["risk_distribution"],
        "Where road users were, over the first frame": pictures["heatmap"],
        "Events in each 15 seconds": pictures["frequency"],
    }
    page = folder / "report.html"
    report.write_report(
        page,
        pictures=captions,
        events=event_table,
        interactions=pd.read_csv(interactions.path("interactions")),
        scale=interactions.figures["scale"],
        rejected=interactions.figures["rejected"],
        has_review=has_review,
        title=metadata["name"],
        video=metadata,
        is_made_scene=truth is not None,
        truth=truth,
        tracks=tracks.figures,
        detect=detections.figures,
        levels=events.figures["levels"],
        rate=summary.rate(events.figures["total"], metadata["duration_sec"]),
        warnings=warnings,
        limitations=limitations.of_run(
            is_made_scene=truth is not None,
            detect=detections.figures,
            pedestrian_pairs_skipped=events.figures["pedestrian_pairs_skipped"],
        ),
        assumptions=limitations.ALWAYS,
    )
    publish.pictures("report", captions, metadata["name"])
    return StageResult.of(pictures | {"report": page}, {})


def _steady_tracks(detections: StageResult, tracks: StageResult) -> pd.DataFrame:
    """The tracks as seen by a camera that stands still, where this one drifts a little."""
    table = pd.read_parquet(tracks.path("tracks"))
    if detections.figures["camera"]["kind"] != drift.DRIFTING:
        return table
    return drift.compensate(table, pd.read_parquet(detections.path("camera")))
