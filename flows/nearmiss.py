"""Turn traffic videos into ranked near-miss events.

python flows/nearmiss.py                          # a short made scene
python flows/nearmiss.py --video crossing.mp4
python flows/nearmiss.py --help
"""

import sys
from pathlib import Path

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow
from prefect.states import Failed, State

from tasks import command_line
from tasks.command_line import command_for
from tasks.errors import BadInput, StageFailed
from tasks.gates import FAILED_STATE, QualityGateFailed
from tasks.nearmiss import sources, stages, weights
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.interactions import stages as interaction_stages
from tasks.nearmiss.interactions.meetings import AUTO
from tasks.pointers import FilePointer, StageResult
from tasks.runs import Run, folder_for


@flow(name="nearmiss")
def nearmiss(config: NearMissConfig) -> list[str] | State:
    """Find near-misses in videos: ingest, detect, track, score, render, report.

    Returns:
        The lines to print last; or, where a gate failed, a Failed state of that name.
    """
    videos = sources.expand(config.video)
    if len(videos) > 1:
        return each_video(config, videos)
    try:
        return tracks_only(config) if config.tracks else one_video(config)
    except QualityGateFailed as failure:
        return Failed(message=str(failure), name=FAILED_STATE)


def one_video(config: NearMissConfig) -> list[str]:
    """The story of one video, or of the made scene where none is named."""
    source = fetch(config)
    video = source.files["video"]
    name = source.figures["name"]
    output_dir = config.resolved_output_dir()
    folder = folder_for(output_dir, sources.safe_name(name), video.sha256)
    run = Run(folder, output_dir / ".cache", config.refresh)

    metadata = run.stage(stages.ingest_video, video=video, name=name).figures
    run.check("video", run.results["ingest"].files["metadata"], row_id=["name"])

    detector = run.add("find detector", stages.find_detector(config.detector, config.weights))
    engine = run.add(
        "choose engine",
        stages.choose_engine(
            video, metadata, detector, **config.part("engine", "imgsz", "conf_threshold")
        ),
    )
    detections = run.stage(
        stages.detect,
        video=video,
        metadata=metadata,
        detector=detector,
        engine=engine.figures["engine"],
        model=engine.files,
        **config.part("stride", "conf_threshold", "imgsz"),
    )
    run.check(
        "detections",
        detections.files["detections"],
        row_id=["frame_index", "class"],
        width=metadata["width"],
        height=metadata["height"],
        conf_threshold=config.conf_threshold,
    )

    tracks = run.stage(
        stages.track,
        video=video,
        metadata=metadata,
        detections=detections,
        **config.part("tracker", "max_disappeared", "stride"),
    )
    events = run.stage(
        stages.score,
        detections=detections,
        tracks=tracks,
        **config.part(
            "proximity_threshold",
            "ttc_threshold",
            "closing_speed_threshold",
            "cooldown_frames",
            "pedestrian_pairs",
        ),
    )
    run.check("events", events.files["events"], row_id=["frame_index", "object_id_1"])

    interactions = run.stage(
        interaction_stages.find_interactions,
        metadata=metadata,
        detections=detections,
        tracks=tracks,
        calibration=calibration_of(config),
        disabled_filters=config.disable_filters,
        thresholds=config.thresholds(),
        **config.part("preset", "pedestrian_pairs"),
    )
    run.check("interactions", interactions.files["interactions"], row_id=["interaction_id"])

    run.stage(
        stages.render_annotated,
        video=video,
        metadata=metadata,
        tracks=tracks,
        events=events,
        stride=config.stride,
    )
    clips = run.stage(
        interaction_stages.cut_clips,
        video=video,
        metadata=metadata,
        tracks=tracks,
        interactions=interactions,
        stride=config.stride,
        with_rejected=config.compare_filters,
    )
    truth = source.figures.get("truth")
    if config.compare_filters:
        run.stage(
            interaction_stages.write_review,
            video=video,
            name=name,
            interactions=interactions,
            clips_made=clips,
            is_made_scene=truth is not None,
        )
    if config.labels:
        run.stage(
            interaction_stages.judge_by_labels,
            answers=FilePointer.to(config.labels.expanduser()),
            video=video,
            interactions=interactions,
        )
    run.stage(
        stages.write_report,
        video=video,
        metadata=metadata,
        detections=detections,
        tracks=tracks,
        events=events,
        interactions=interactions,
        has_review=config.compare_filters,
        truth=truth,
        warnings=list(run.warnings),
    )
    return stages.summarise(
        run,
        source=source,
        command=command_for("flows/nearmiss.py", config),
        config=config.model_dump(mode="json"),
    )


def tracks_only(config: NearMissConfig) -> list[str]:
    """The story of trajectories that come without a video."""
    source = FilePointer.to(config.tracks.expanduser())
    output_dir = config.resolved_output_dir()
    name = source.path.name
    folder = folder_for(output_dir, sources.safe_name(name), source.sha256)
    run = Run(folder, output_dir / ".cache", config.refresh)

    tracks = run.stage(interaction_stages.read_tracks, tracks=source, **config.part("units", "fps"))
    interactions = run.stage(
        interaction_stages.find_interactions_of_tracks,
        tracks=tracks,
        disabled_filters=config.disable_filters,
        thresholds=config.thresholds(),
        **config.part("units", "preset", "pedestrian_pairs"),
    )
    run.check("interactions", interactions.files["interactions"], row_id=["interaction_id"])
    if config.labels:
        run.stage(
            interaction_stages.judge_by_labels,
            answers=FilePointer.to(config.labels.expanduser()),
            video=source,
            interactions=interactions,
        )
    run.stage(
        interaction_stages.write_tracks_report,
        name=name,
        source=source,
        units=config.units,
        tracks=tracks,
        interactions=interactions,
        warnings=list(run.warnings),
    )
    return interaction_stages.summarise_tracks(
        run,
        source=source,
        command=command_for("flows/nearmiss.py", config),
        config=config.model_dump(mode="json"),
    )


def fetch(config: NearMissConfig) -> StageResult:
    """The video of the configuration as a local file, and what is known of it."""
    downloads = config.resolved_output_dir() / ".sources"
    if not config.video:
        result, _ = stages.make_scene(store=downloads / ".cache", folder=downloads)
        return result
    (location,) = sources.expand(config.video)
    if sources.is_url(location):
        return stages.download(location, downloads)
    return stages.local_file(location)


def calibration_of(config: NearMissConfig) -> FilePointer | str | None:
    """The calibration file by its content, or "auto", or None."""
    if config.calibration in (None, AUTO):
        return config.calibration
    return FilePointer.to(Path(config.calibration).expanduser())


def each_video(config: NearMissConfig, videos: list[str]) -> list[str]:
    """A run of its own for each video; one that fails does not stop the others.

    Raises:
        StageFailed: at the end, where any failed.
    """
    lines, failed = [], []
    for video in videos:
        state = nearmiss(config.model_copy(update={"video": [video]}), return_state=True)
        if state.is_completed():
            lines += [video, *(f"  {line}" for line in state.result())]
        else:
            failed.append(f"{video} ({state.message})")
    if failed:
        print(*lines, sep="\n")
        raise StageFailed(f"{len(failed)} of {len(videos)} videos failed: {'; '.join(failed)}")
    return lines


def check(config: NearMissConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: a file that the configuration names is not there, or a video is none.
    """
    if config.tracks and config.video:
        raise BadInput("--tracks and --video cannot go together: trajectories have no video.")
    if config.tracks and config.fps is None:
        raise BadInput("--tracks needs --fps, the frames a second of the trajectories.")
    for video in sources.expand(config.video):
        sources.check(video)
    calibration = None if config.calibration == AUTO else config.calibration
    for named in (config.tracks, config.labels, calibration):
        if named is not None and not Path(named).expanduser().is_file():
            raise BadInput(f"{named}: there is no such file.")
    if config.weights is not None:
        weights.find_weights(config.weights)


if __name__ == "__main__":
    sys.exit(command_line.main(nearmiss, NearMissConfig, check=check))
