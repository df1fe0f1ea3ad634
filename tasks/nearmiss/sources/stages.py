"""The Prefect tasks that get a video and read what it is."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from tasks import files, publish
from tasks.caching import only_transient, stage
from tasks.nearmiss import ingest
from tasks.nearmiss.drawing import picture_grid, write_picture
from tasks.nearmiss.frames import sample_frames
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
    write_picture(written["sample_frames"], picture_grid(frames, columns=3))
    publish.table("video", [figures], f"{metadata.frames} frames of {name}")
    publish.pictures("video", {"Frames of the video": written["sample_frames"]}, name)
    return StageResult.of(written, figures, metadata.warnings())


def _source(path: Path, location: str) -> StageResult:
    return StageResult(
        files={"video": FilePointer.to(path)},
        figures={"name": path.name, "location": location, "licence": None},
    )
