"""The Prefect tasks of the evaluation, one a part."""

from pathlib import Path
from typing import Any

from tasks import files, publish
from tasks.caching import stage
from tasks.nearmiss.evaluation import (
    catalogue,
    curves,
    denominators,
    filter_curves,
    made_videos,
    page,
    presentation,
    scenes,
    sweep,
    tracking,
)
from tasks.nearmiss.evaluation.workers import free_cores
from tasks.nearmiss.scenes import load_catalogue
from tasks.pointers import FilePointer, StageResult


@stage(work=[catalogue, scenes, presentation], name="known truth")
def evaluate_scenes(
    *, catalogue_files: list[FilePointer], modes: list[str], fast: bool, folder: Path
) -> StageResult:
    """Score every scene of known truth."""
    chosen = catalogue.benchmark_scenes(catalogue_files[0].path.parent, fast)
    table, summary = scenes.run_benchmark(chosen, modes=modes, workers=1 if fast else free_cores())
    written = {
        "pairs": folder / "pairs.csv",
        "errors": folder / "errors.png",
        "filters": folder / "filters.png",
    }
    with files.whole_or_nothing(written["pairs"]) as temporary:
        table.round(4).to_csv(temporary, index=False)
    presentation.errors_picture(written["errors"], table)
    presentation.filters_picture(written["filters"], summary)
    publish.table("scenes", presentation.scenes_table(summary), f"{len(chosen)} scenes")
    captions = {
        "Measured against true TTC": written["errors"],
        "What each filter removes and loses": written["filters"],
    }
    publish.pictures("scenes", captions, f"{len(chosen)} scenes")
    return StageResult(
        files={name: FilePointer.to(path) for name, path in written.items()},
        figures={"count": len(chosen), "modes": summary},
    )


@stage(work=[sweep], name="sweep")
def sweep_errors(*, catalogue_files: list[FilePointer], folder: Path) -> StageResult:
    """Observe every near-miss anew over ranges, strides and jitters."""
    told = load_catalogue(catalogue_files[0].path.parent)
    table = sweep.sweep(told, sweep.conditions(), free_cores())
    target = folder / "sweep.csv"
    with files.whole_or_nothing(target) as temporary:
        table.round(4).to_csv(temporary, index=False)
    points = sweep.sweep_figures(table)
    return StageResult(files={"sweep": FilePointer.to(target)}, figures={"points": points})


@stage(work=[catalogue, denominators, filter_curves], name="filters")
def evaluate_filters(*, catalogue_files: list[FilePointer], folder: Path) -> StageResult:
    """Ask every filter about every candidate, at its threshold and at others."""
    chosen = catalogue.benchmark_scenes(catalogue_files[0].path.parent)
    tables = denominators.candidates_by_denominator(chosen, free_cores())
    target = folder / "candidates.csv"
    with files.whole_or_nothing(target) as temporary:
        denominators.readable(tables).to_csv(temporary, index=False)
    return StageResult(
        files={"candidates": FilePointer.to(target)},
        figures={
            "points": filter_curves.curve_figures(tables["near"]),
            "denominators": denominators.denominator_figures(tables, chosen),
        },
    )


def draw_curves(folder: Path, errors: list[dict], thresholds: list[dict]) -> StageResult:
    """Draw the curves and put them on the flow run's page."""
    written = {"measure_curves": folder / "measure_curves.png"}
    curves.measures_picture(written["measure_curves"], errors)
    written["filter_curves"] = folder / "filter_curves.png"
    curves.filters_picture(written["filter_curves"], thresholds)
    captions = {
        "Errors of TTC and PET against range, stride and jitter": written["measure_curves"],
        "What each filter removes and loses as its threshold moves": written["filter_curves"],
    }
    publish.pictures("curves", captions, "Calibrated; bands are 95 % intervals")
    return StageResult(files={name: FilePointer.to(path) for name, path in written.items()})


@stage(work=[tracking], name="tracking")
def evaluate_tracking(
    *, video: FilePointer, ground_truth: FilePointer, onnx: FilePointer, folder: Path
) -> StageResult:
    """Compare the trackers on a sequence with ground truth."""
    truth = tracking.read_ground_truth(ground_truth.path)
    table = tracking.compare_trackers(video.path, truth, onnx.path, stride=1)
    target = folder / "tracking.csv"
    with files.whole_or_nothing(target) as temporary:
        table.to_csv(temporary, index=False)
    rows = table.to_dict("records")
    publish.table("tracking", rows, f"n = {rows[0]['n']} boxes")
    return StageResult(files={"tracking": FilePointer.to(target)}, figures={"rows": rows})


@stage(work=[made_videos], name="made videos")
def evaluate_videos(*, onnx: FilePointer, folder: Path) -> StageResult:
    """Run made videos through the whole chain."""
    rows = made_videos.evaluate_made_videos(onnx.path)
    files.write_json(folder / "made_videos.json", rows)
    right = sum(row["right"] for row in rows)
    publish.table("made-videos", rows, f"{right} of {len(rows)} right")
    return StageResult(
        files={"made_videos": FilePointer.to(folder / "made_videos.json")}, figures={"rows": rows}
    )


def write_benchmark(folder: Path, results: dict[str, Any]) -> StageResult:
    """Write `benchmark.json` and `benchmark.md`, and put the tables on the flow run's page."""
    files.write_json(folder / "benchmark.json", results)
    text = page.markdown(results)
    files.write_text(folder / "benchmark.md", text)
    publish.markdown("benchmark", text, "How right the near-misses are")
    names = ("benchmark.json", "benchmark.md")
    return StageResult(files={name: FilePointer.to(folder / name) for name in names})
