"""The Prefect tasks that find road users in a video, whole or in chunks."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import publish
from tasks.caching import stage
from tasks.locate import PROJECT_ROOT
from tasks.nearmiss import chunks, detection, detectors, summary, tracking, weights
from tasks.nearmiss.camera import drift
from tasks.nearmiss.drawing import draw_objects, picture_grid, write_picture
from tasks.nearmiss.engines import choose
from tasks.nearmiss.frames import Frame
from tasks.nearmiss.sources.stages import FETCH
from tasks.pointers import FilePointer, StageResult


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
    int8_video: Path | None,
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
        calibration=FilePointer.to(int8_video.expanduser()) if int8_video else video,
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
    write_picture(
        written["sample_detections"], picture_grid([frame.image for frame, _ in samples], columns=2)
    )
    publish.table("detections", summary.detection_rows(figures), summary.detection_verdict(figures))
    publish.pictures("detections", {"Detections": written["sample_detections"]}, "Sample frames")
    return StageResult.of(written, figures, summary.detection_warnings(metadata, figures))
