"""How right are the near-misses? Known truth, tracking ground truth, and made videos.

python flows/evaluate_nearmiss.py
python flows/evaluate_nearmiss.py --fast
python flows/evaluate_nearmiss.py --no-sweep
"""

import sys
from pathlib import Path
from typing import Any

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow

from tasks import command_line
from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.nearmiss.detectors.stages import find_detector
from tasks.nearmiss.evaluation import stages
from tasks.nearmiss.evaluation.config import EvaluateConfig
from tasks.nearmiss.evaluation.presentation import scenes_table
from tasks.nearmiss.scenes.catalogue import scene_files
from tasks.nearmiss.scenes.language import SceneError
from tasks.pointers import FilePointer
from tasks.runs import Outcome, Run


@flow(name="evaluate-nearmiss")
def evaluate_nearmiss(config: EvaluateConfig) -> Outcome:
    """Score made scenes against their truth, trackers against ground truth, videos end to end."""
    output_dir = config.resolved_output_dir()
    folder = output_dir / ("fast" if config.fast else "full")
    run = Run(folder, output_dir / ".cache", config.refresh)

    scenes = [FilePointer.to(path) for path in scene_files(config.scenes)]
    known = run.stage(
        stages.evaluate_scenes, catalogue_files=scenes, modes=config.modes, fast=config.fast
    )
    results = {"scenes": known.figures}
    if config.sweep and not config.fast:
        results |= with_curves(run, scenes, folder)
    if not config.fast:
        results |= with_pictures(run, config)
    run.add("benchmark", stages.write_benchmark(folder, results))
    run.record(
        flow="evaluate-nearmiss",
        command=command_for("flows/evaluate_nearmiss.py", config),
        config=config.model_dump(mode="json"),
        data=[{"source": scene.path.name, "sha256": scene.sha256} for scene in scenes],
        seed=0,
        metrics=results,
    )
    lines = [*summary_lines(known.figures["modes"]), f"Report: {folder / 'benchmark.md'}"]
    return Outcome(lines=lines, folder=folder)


def with_curves(run: Run, scenes: list[FilePointer], folder: Path) -> dict[str, Any]:
    """Errors over ranges, strides and jitters, and filters over their thresholds."""
    errors = run.stage(stages.sweep_errors, catalogue_files=scenes)
    filters = run.stage(stages.evaluate_filters, catalogue_files=scenes)
    run.add(
        "curves", stages.draw_curves(folder, errors.figures["points"], filters.figures["points"])
    )
    return {"errors": errors.figures["points"], "filters": filters.figures}


def with_pictures(run: Run, config: EvaluateConfig) -> dict[str, list]:
    """The parts that need a detector: tracking, and made videos."""
    detector = run.add("find detector", find_detector("auto", None))
    if "onnx" not in detector.files:
        run.warn(["Tracking and video are left out: there are no YOLO weights."])
        return {}
    onnx = detector.files["onnx"]
    videos = run.stage(stages.evaluate_videos, onnx=onnx)
    results = {"videos": videos.figures["rows"]}
    if not (config.video.is_file() and config.ground_truth.is_file()):
        run.warn([f"Tracking is left out: {config.ground_truth} or its video is not there."])
        return results
    tracking = run.stage(
        stages.evaluate_tracking,
        video=FilePointer.to(config.video),
        ground_truth=FilePointer.to(config.ground_truth),
        onnx=onnx,
    )
    return {"tracking": tracking.figures["rows"], **results}


def summary_lines(modes: dict) -> list[str]:
    """F1 of each mode over all scenes."""
    return [
        f"{row['mode']}: F1 {row['F1']}, {row['found']} found, {row['false']} false, "
        f"{row['missed']} missed; TTC error {row['TTC error, median / p95 (n)']}"
        for row in scenes_table(modes)
        if row["scenes"] == "all"
    ]


def check(config: EvaluateConfig) -> None:
    """Raise BadInput where the folder holds no scenes."""
    try:
        scene_files(config.scenes)
    except SceneError as error:
        raise BadInput(str(error)) from error


if __name__ == "__main__":
    sys.exit(command_line.main(evaluate_nearmiss, EvaluateConfig, check=check))
