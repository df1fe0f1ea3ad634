"""A long video in pieces: detection on the task runner that the environment names.

TASK_RUNNER=dask DASK_ADDRESS=tcp://host:8786 python flows/nearmiss.py --video day.mp4 \\
    --chunk-sec 600
"""

from pathlib import Path
from typing import Any

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from tasks.nearmiss.chunks import plan_chunks
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.detectors import stages
from tasks.pointers import FilePointer, StageResult
from tasks.runners import task_runner
from tasks.runs import Run


def detect_in_chunks(
    config: NearMissConfig,
    run: Run,
    *,
    video: FilePointer,
    metadata: dict[str, Any],
    engine: StageResult,
) -> StageResult:
    """What the detect stage gives, piece by piece.

    Raises:
        BadInput: the video cannot be split, or the task runner cannot be had.
        StageFailed: a piece does not hold what its packets promise.
    """
    common = {
        "video": video,
        "metadata": metadata,
        "engine": engine.figures["engine"],
        "model": engine.files,
        "folder": run.folder,
        **config.part("stride", "conf_threshold", "imgsz"),
    }
    plan = plan_chunks(video.path, config.chunk_sec)
    mapped = each_chunk.with_options(task_runner=task_runner(config.at_once))
    pieces = mapped(run.store, run.refresh, [common | {"chunk": chunk.as_dict()} for chunk in plan])
    return run.stage(
        stages.join_chunks,
        video=video,
        metadata=metadata,
        engine=engine.figures["engine"],
        pieces=pieces,
        stride=config.stride,
    )


@flow(name="nearmiss-chunks", validate_parameters=False)
def each_chunk(store: Path, refresh: bool, chunks: list[dict[str, Any]]) -> list[StageResult]:
    """Detect in each piece; the first failure ends the run."""
    started = [chunk_run.submit(store, refresh, chunk) for chunk in chunks]
    return [future.result() for future in started]


@task(name="chunk", cache_policy=NO_CACHE)
def chunk_run(store: Path, refresh: bool, arguments: dict[str, Any]) -> StageResult:
    """One piece, taken from the cache where it is there."""
    result, _ = stages.detect_chunk(store=store, refresh=refresh, **arguments)
    return result
