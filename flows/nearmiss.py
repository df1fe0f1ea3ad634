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

from flows.nearmiss_chunks import detect_in_chunks
from flows.nearmiss_videos import many_videos
from flows.nearmiss_watch import watch
from tasks import command_line
from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.gates import FAILED_STATE, QualityGateFailed
from tasks.nearmiss import endings, sources, stages, weights
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.detectors import stages as detector_stages
from tasks.nearmiss.ground.from_file import read_calibration
from tasks.nearmiss.interactions import stages as interaction_stages
from tasks.nearmiss.interactions.meetings import AUTO
from tasks.nearmiss.sources import stages as source_stages
from tasks.nearmiss.sources.stream_address import is_stream, masked
from tasks.pointers import FilePointer, StageResult
from tasks.runners import task_runner
from tasks.runs import Outcome, Run, folder_for


@flow(name="nearmiss")
def nearmiss(config: NearMissConfig) -> Outcome | State:
    """Find near-misses in videos: ingest, detect, track, score, render, report.

    Returns:
        The outcome; or, where a gate failed, a Failed state of that name.
    """
    videos = sources.expand(config.video)
    if len(videos) > 1:
        return many_videos(config, videos)
    if videos and is_stream(videos[0]):
        return watch(config, videos[0])
    try:
        return tracks_only(config) if config.tracks else one_video(config)
    except QualityGateFailed as failure:
        return Failed(message=str(failure), name=FAILED_STATE)


def one_video(config: NearMissConfig) -> Outcome:
    """The story of one video, or of the made scene where none is named."""
    source = fetch(config)
    video = source.files["video"]
    name = source.figures["name"]
    output_dir = config.resolved_output_dir()
    folder = folder_for(output_dir, sources.safe_name(name), video.sha256)
    run = Run(folder, output_dir / ".cache", config.refresh)

    metadata = run.stage(source_stages.ingest_video, video=video, name=name).figures
    run.check("video", run.results["ingest"].files["metadata"], row_id=["name"])
    given, config = config, config.at_rate(metadata["fps"])

    detector = run.add(
        "find detector", detector_stages.find_detector(config.detector, config.weights)
    )
    engine = run.add(
        "choose engine",
        detector_stages.choose_engine(
            video,
            metadata,
            detector,
            **config.part("engine", "int8_video", "imgsz", "conf_threshold"),
        ),
    )
    if config.chunk_sec and engine.figures["engine"]:
        detections = detect_in_chunks(config, run, video=video, metadata=metadata, engine=engine)
    else:
        if config.chunk_sec:
            run.warn(["--chunk-sec is left aside: motion is found only in frames in their order."])
        detections = run.stage(
            detector_stages.detect,
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
        criteria=config.criteria(),
    )
    run.check("events", events.files["events"], row_id=["frame_index", "object_id_1"])

    interactions = run.stage(
        interaction_stages.find_interactions,
        metadata=metadata,
        detections=detections,
        tracks=tracks,
        calibration=calibration_of(config),
        definition=config.definition(),
    )
    run.check("interactions", interactions.files["interactions"], row_id=["interaction_id"])

    run.stage(
        stages.render_annotated,
        video=video,
        metadata=metadata,
        tracks=tracks,
        events=events,
        **config.part("stride", "video_preset"),
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
    judge_by_labels(config, run, video)
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
    return endings.summarise(
        run,
        source=source,
        command=command_for("flows/nearmiss.py", given),
        config=config.model_dump(mode="json"),
    )


def tracks_only(config: NearMissConfig) -> Outcome:
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
        units=config.units,
        definition=config.definition(),
    )
    run.check("interactions", interactions.files["interactions"], row_id=["interaction_id"])
    events = None
    if config.units == "px":
        events = run.stage(stages.score_given_tracks, tracks=tracks, criteria=config.criteria())
        run.check("events", events.files["events"], row_id=["frame_index", "object_id_1"])
    judge_by_labels(config, run, source)
    run.stage(
        interaction_stages.write_tracks_report,
        name=name,
        source=source,
        units=config.units,
        tracks=tracks,
        interactions=interactions,
        events=events,
        warnings=list(run.warnings),
    )
    return interaction_stages.summarise_tracks(
        run,
        source=source,
        command=command_for("flows/nearmiss.py", config),
        config=config.model_dump(mode="json"),
    )


def judge_by_labels(config: NearMissConfig, run: Run, source: FilePointer) -> None:
    """Precision and recall by a person's answers, where there are any."""
    if config.labels:
        run.stage(
            interaction_stages.judge_by_labels,
            answers=FilePointer.to(config.labels.expanduser()),
            video=source,
            interactions=run.results["interactions"],
        )


def fetch(config: NearMissConfig) -> StageResult:
    """The video of the configuration as a local file, and what is known of it."""
    downloads = config.resolved_output_dir() / ".sources"
    if not config.video:
        result, _ = source_stages.make_scene(store=downloads / ".cache", folder=downloads)
        return result
    (location,) = sources.expand(config.video)
    if sources.is_url(location):
        return source_stages.download(location, downloads)
    return source_stages.local_file(location)


def calibration_of(config: NearMissConfig) -> FilePointer | str | None:
    """The calibration file by its content, or "auto", or None."""
    if config.calibration in (None, AUTO):
        return config.calibration
    return FilePointer.to(Path(config.calibration).expanduser())


def check(config: NearMissConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: a file that the configuration names is not there, or a video is none.
    """
    if config.tracks and config.video:
        raise BadInput("--tracks and --video cannot go together: trajectories have no video.")
    if config.tracks and config.fps is None:
        raise BadInput("--tracks needs --fps, the frames a second of the trajectories.")
    videos = sources.expand(config.video)
    if len(videos) > 1:
        streams = [masked(video) for video in videos if is_stream(video)]
        if streams:
            raise BadInput(f"{streams[0]}: a live stream has to be watched by a run of its own.")
        task_runner(config.at_once)
    else:  # of several, one that is broken stops no other
        for video in videos:
            sources.check(video)
    for named in (config.tracks, config.labels):
        if named is not None and not named.expanduser().is_file():
            raise BadInput(f"{named}: there is no such file.")
    if config.calibration not in (None, AUTO):
        read_calibration(Path(config.calibration).expanduser())
    if config.weights is not None:
        weights.find_weights(config.weights)
    if config.int8_video is not None:
        if not config.engine.endswith("int8"):
            raise BadInput(
                f"--int8-video does nothing for --engine {config.engine}: name openvino-int8 or "
                "onnx-int8 as well."
            )
        sources.check(str(config.int8_video))


if __name__ == "__main__":
    sys.exit(command_line.main(nearmiss, NearMissConfig, check=check))
