"""The scenes of known truth as the evaluation takes them."""

from pathlib import Path

import pandas as pd

from tasks.nearmiss.evaluation.scenes import BenchmarkScene, fast_subset
from tasks.nearmiss.scenes import load_catalogue, observe, truth
from tasks.nearmiss.scenes.camera import Pinhole
from tasks.nearmiss.scenes.language import Scene


def benchmark_scenes(folder: Path, fast: bool = False) -> list[BenchmarkScene]:
    """The scenes of a folder with their observation and their truth.

    Args:
        folder: of scene files.
        fast: only a fixed sample of them.

    Raises:
        SceneError: a file is no scene.
    """
    chosen = load_catalogue(folder)
    return [benchmark_scene(scene) for scene in (fast_subset(chosen) if fast else chosen)]


def benchmark_scene(scene: Scene, known: pd.DataFrame | None = None) -> BenchmarkScene:
    """A scene with its observation and its truth, which may be given where it is known."""
    observation = scene.observation
    return BenchmarkScene(
        name=scene.name,
        kind=scene.kind,
        degradation=scene.degradation,
        tracks=observe(scene).rename(columns={"frame": "frame_index"}),
        truth=truth(scene) if known is None else known,
        homography=Pinhole(scene.camera).ground_homography(),
        picture=tuple(scene.camera.picture),
        facts={
            "fps": observation.fps,
            "stride": observation.stride,
            "jitter_px": observation.jitter_px,
        },
    )
