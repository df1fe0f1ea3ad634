"""The Prefect tasks of the near-miss flow, one a stage."""

import time
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks import files, publish
from tasks.caching import only_transient, stage
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss import (
    chunks,
    detection,
    detectors,
    ingest,
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
    weights,
)
from tasks.nearmiss.camera import drift
from tasks.nearmiss.drawing import draw_objects, picture_grid
from tasks.nearmiss.engines import choose
from tasks.nearmiss.frames import Frame, sample_frames
from tasks.nearmiss.sources import made_scene, url
from tasks.pointers import FilePointer, StageResult

FETCH = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": only_transient,
}
SAMPLES = 5


@stage(work=[made_scene], name="make scene")
def make_scene(*, folder: Path) -> StageResult:
    """Make the default input."""
    path = folder / f"{made_scene.NAME}.mp4"
    made_scene.make(path)
    return StageResult(
        files={"video": FilePointer.to(path)},
        figures={
            "name": path.name,
            "location": "made on the spot",
            "licence": "AGPL-3.0 (cut-outs from a picture of the ultralytics package)",
            "truth": made_scene.truth(),
        },
    )


@task(name="local file", cache_policy=NO_CACHE)
def local_file(location: str) -> StageResult:
    """Point at a video on this machine."""
    return _source(Path(location), location)


@task(name="download", cache_policy=NO_CACHE, **FETCH)
def download(address: str, folder: Path) -> StageResult:
    """Get a video from a URL."""
    return _source(url.download(address, folder), address)


@stage(work=[ingest], name="ingest")
def ingest_video(*, video: FilePointer, name: str, folder: Path) -> StageResult:
    """Read what the video is, and save sample frames as one picture."""
    metadata = ingest.probe(video.path, video.sha256)
    figures = metadata.as_dict() | {"name": name}
    frames = sample_frames(video.path, SAMPLES)
    written = {
        "metadata": folder / "metadata.json",
        "sample_frames": folder / "sample_frames.jpg",
    }
    files.write_json(written["metadata"], figures)
    _write_picture(written["sample_frames"], picture_grid(frames, columns=3))
    publish.table("video", [figures], f"{metadata.frames} frames of {name}")
    publish.pictures("video", {"Frames of the video": written["sample_frames"]}, name)
    return StageResult.of(written, figures, metadata.warnings())


@task(name="find detector", cache_policy=NO_CACHE)
def find_detector(detector: str, named_weights: Path | None) -> StageResult:
    """The detector to use: YOLO with its weights, or motion where that is asked for or all
    there is, which is warned of.

    Raises:
        StageFailed: YOLO is asked for and no weights can be had.
    """
    return weights.choose_detector(detector, named_weights, _download_weights)


@task(name="download weights", cache_policy=NO_CACHE, **(FETCH | {"retries": 2}))
def _download_weights() -> Path:
    return weights.download_weights()


@task(name="choose engine", cache_policy=NO_CACHE)
def choose_engine(
    video: FilePointer,
    metadata: dict[str, Any],
    detector: StageResult,
    engine: str,
    imgsz: int,
    conf_threshold: float,
) -> StageResult:
    """The inference engine for this clip on this machine, with what was measured; see
    `engines.choose`. None for a detector without a network.
    """
    if detector.figures["detector"] != "yolo":
        return StageResult(figures={"engine": None, "measured": []})
    start = time.perf_counter()
    clip = choose.Clip(
        weights=detector.files["weights"],
        onnx=detector.files["onnx"],
        video=video,
        picture_size=(metadata["height"], metadata["width"]),
        imgsz=imgsz,
        conf_threshold=conf_threshold,
    )
    choice = choose.choose_engine(engine, clip, PROJECT_ROOT / "models")
    figures = {"engine": choice.engine, "asked": engine, "measured": choice.rows}
    verdict = summary.engine_verdict(figures)
    publish.table("engines", summary.engine_rows(figures), verdict)
    return StageResult(
        files={name: FilePointer.to(path) for name, path in choice.files.items()},
        figures=figures,
        warnings=summary.engine_warnings(figures),
        seconds=time.perf_counter() - start,
    )


@stage(work=[detection, detectors], name="detect")
def detect(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    detector: StageResult,
    engine: str | None,
    model: dict[str, FilePointer],
    stride: int,
    conf_threshold: float,
    imgsz: int,
    folder: Path,
) -> StageResult:
    """Find road users in every stride-th frame."""
    name = detector.figures["detector"]
    finder = detectors.make_detector(
        name, model["model"].path if model else None, imgsz, engine=engine
    )
    written = _detection_files(folder)
    with publish.progress("detect", metadata["frames"]) as on_progress:
        found = detection.detect_video(
            video.path,
            finder,
            stride=stride,
            conf_threshold=conf_threshold,
            fps=metadata["fps"],
            frames_expected=metadata["frames"],
            detections_file=written["detections"],
            frames_file=written["frames"],
            on_progress=on_progress,
        )
    figures = found.figures() | {
        "detector": name,
        "engine": engine,
        "classes_are_guesses": finder.classes_are_guesses,
    }
    return _detected(written, found.camera, found.samples, figures, metadata)


@stage(work=[detection, detectors], name="detect chunk")
def detect_chunk(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    engine: str,
    model: dict[str, FilePointer],
    chunk: dict[str, Any],
    stride: int,
    conf_threshold: float,
    imgsz: int,
    folder: Path,
) -> StageResult:
    """Find road users in a piece of a video, perhaps on another machine."""
    piece = chunks.Chunk(**chunk)
    finder = detectors.make_detector("yolo", model["model"].path, imgsz, engine=engine)
    written = {
        kind: folder / "chunks" / f"{kind}-{piece.number:04d}.parquet"
        for kind in ("detections", "frames")
    }
    found = detection.detect_video(
        video.path,
        finder,
        stride=stride,
        conf_threshold=conf_threshold,
        fps=metadata["fps"],
        frames_expected=0,
        detections_file=written["detections"],
        frames_file=written["frames"],
        samples=0,
        chunk=piece,
    )
    return StageResult.of(written, found.counts() | {"frame_ms": found.frame_ms})


@stage(work=[detection], name="detect")
def join_chunks(
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    engine: str,
    pieces: list[StageResult],
    stride: int,
    folder: Path,
) -> StageResult:
    """One table of detections out of those of the chunks, and what the camera does."""
    written = _detection_files(folder)
    for kind in ("detections", "frames"):
        table = pd.concat([pd.read_parquet(piece.path(kind)) for piece in pieces])
        tracking.write_parquet(written[kind], table.reset_index(drop=True))
    with publish.progress("camera", metadata["frames"]) as on_progress:
        camera, samples = detection.look_again(
            video.path,
            pd.read_parquet(written["detections"]),
            stride=stride,
            fps=metadata["fps"],
            frames_expected=metadata["frames"],
            on_progress=on_progress,
        )
    figures = summary.added_up([piece.figures for piece in pieces]) | {
        "camera": camera.figures(),
        "detector": "yolo",
        "engine": engine,
        "classes_are_guesses": False,
        "chunks": len(pieces),
    }
    return _detected(written, camera, samples, figures, metadata)


def _detection_files(folder: Path) -> dict[str, Path]:
    return {
        "detections": folder / "detections.parquet",
        "frames": folder / "frames.parquet",
        "camera": folder / "camera.parquet",
        "sample_detections": folder / "sample_detections.jpg",
    }


def _detected(
    written: dict[str, Path],
    camera: drift.CameraDrift,
    samples: list[tuple[Frame, detectors.Detections]],
    figures: dict[str, Any],
    metadata: dict[str, Any],
) -> StageResult:
    tracking.write_parquet(written["camera"], camera.transforms())
    for frame, objects in samples:
        draw_objects(frame.image, detection.as_dicts(objects))
    _write_picture(
        written["sample_detections"], picture_grid([frame.image for frame, _ in samples], columns=2)
    )
    publish.table("detections", summary.detection_rows(figures), summary.detection_verdict(figures))
    publish.pictures("detections", {"Detections": written["sample_detections"]}, "Sample frames")
    return StageResult.of(written, figures, summary.detection_warnings(metadata, figures))


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
    tracks = refinement.refine_tracks(seen, stride, metadata["width"], metadata["height"])
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
            pd.read_parquet(tracks.path("tracks"), columns=render.BoxesInBetween.COLUMNS),
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
    track_table = pd.read_parquet(tracks.path("tracks"), columns=plots.PLACE)
    first_frame = sample_frames(video.path, 1)[0]
    pictures = {
        "timeline": folder / "timeline.png",
        "risk_distribution": folder / "risk_distribution.png",
        "heatmap": folder / "heatmap.png",
        "frequency": folder / "frequency.png",
    }
    plots.timeline(pictures["timeline"], event_table, metadata["duration_sec"])
    plots.risk_distribution(pictures["risk_distribution"], event_table)
    plots.heatmap(pictures["heatmap"], track_table, first_frame)
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


def _source(path: Path, location: str) -> StageResult:
    return StageResult(
        files={"video": FilePointer.to(path)},
        figures={"name": path.name, "location": location, "licence": None},
    )


def _steady_tracks(detections: StageResult, tracks: StageResult) -> pd.DataFrame:
    """The tracks as seen by a camera that stands still, where this one drifts a little."""
    table = pd.read_parquet(tracks.path("tracks"))
    if detections.figures["camera"]["kind"] != drift.DRIFTING:
        return table
    return drift.compensate(table, pd.read_parquet(detections.path("camera")))


def _write_picture(path: Path, image: Any) -> None:
    with files.whole_or_nothing(path) as temporary:
        cv2.imwrite(str(temporary), image)
