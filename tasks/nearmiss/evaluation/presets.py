"""What each preset of interactions finds in the scenes of known truth, calibrated.

    python -m tasks.nearmiss.evaluation.presets [--scenes data/scenes] [--preset faint]

Every preset meets the scenes as they are, with every confidence lowered, and at a few frames a
second, which is what some presets are for. Intervals are 95 %: Wilson for precision and recall,
bootstrap over scenes for F1.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.evaluation.catalogue import benchmark_scene
from tasks.nearmiss.evaluation.figures import detection_figures
from tasks.nearmiss.evaluation.presentation import markdown_table, with_interval
from tasks.nearmiss.evaluation.scenes import BenchmarkScene, plane_of, score_scene
from tasks.nearmiss.evaluation.workers import free_cores, over_scenes
from tasks.nearmiss.interactions.presets import PRESETS
from tasks.nearmiss.interactions.trajectories import from_boxes
from tasks.nearmiss.scenes import load_catalogue
from tasks.nearmiss.scenes.language import Scene

LOWERED_BY = 0.33
LEAST_CONFIDENCE = 0.05
SLOW_FPS = 5.0
BOOTSTRAPS = 1000


def as_observed(scene: Scene) -> BenchmarkScene:
    """The scene as its file says."""
    return benchmark_scene(scene)


def fainter(scene: Scene) -> BenchmarkScene:
    """The scene seen by a detector of low confidence."""
    observed = benchmark_scene(scene)
    tracks = observed.tracks
    tracks["confidence"] = (tracks["confidence"] - LOWERED_BY).clip(lower=LEAST_CONFIDENCE)
    return observed


def slower(scene: Scene) -> BenchmarkScene:
    """The scene at a few frames a second."""
    seen = scene.observation.model_copy(update={"fps": SLOW_FPS, "stride": 1})
    return benchmark_scene(scene.model_copy(update={"observation": seen}))


CONDITIONS: dict[str, Callable[[Scene], BenchmarkScene]] = {
    "as observed": as_observed,
    f"confidence {LOWERED_BY:g} lower": fainter,
    f"{SLOW_FPS:g} frames a second": slower,
}


def preset_rows(scenes: Sequence[Scene], names: Sequence[str], workers: int = 1) -> list[dict]:
    """One row a condition and preset: condition, preset, found, false, missed, and precision,
    recall and F1 with their intervals as text."""
    work = partial(_scored, names=tuple(names))
    table = pd.DataFrame([row for part in over_scenes(work, scenes, workers) for row in part])
    rng = np.random.default_rng(0)
    rows = []
    for condition in CONDITIONS:
        for name in names:
            own = table[(table["condition"] == condition) & (table["preset"] == name)]
            figures = detection_figures(own, BOOTSTRAPS, rng)
            rows.append(
                {
                    "condition": condition,
                    "preset": name,
                    "found": figures["true_positives"],
                    "false": figures["false_positives"],
                    "missed": figures["false_negatives"],
                    "precision": with_interval(figures["precision"]),
                    "recall": with_interval(figures["recall"]),
                    "F1": with_interval(figures["f1"]),
                }
            )
    return rows


def _scored(scene: Scene, names: Sequence[str]) -> list[dict[str, Any]]:
    """Pairs of one scene under every condition and preset."""
    rows = []
    for condition, observe in CONDITIONS.items():
        seen = observe(scene)
        plane = plane_of(seen, "ground")
        trajectories = from_boxes(seen.tracks, plane)
        for name in names:
            preset = PRESETS[name]
            pairs, _ = score_scene(
                seen, plane, preset.parameters, set(preset.filters), trajectories
            )
            labels = {"condition": condition, "preset": name, "scene": scene.name}
            rows += [{**labels, **pair} for pair in pairs]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=PROJECT_ROOT / "data" / "scenes")
    parser.add_argument(
        "--preset", action="append", choices=list(PRESETS), help="all when left out"
    )
    chosen = parser.parse_args()
    scenes = load_catalogue(chosen.scenes)
    print(f"{len(scenes)} scenes\n")
    print(markdown_table(preset_rows(scenes, chosen.preset or list(PRESETS), free_cores())))


if __name__ == "__main__":
    main()
