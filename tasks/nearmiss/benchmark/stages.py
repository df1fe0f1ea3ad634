"""The Prefect tasks of the optimization study. None is cached: a speed is measured anew."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks import files, publish
from tasks.nearmiss.benchmark import memory as memory_use
from tasks.nearmiss.benchmark import picture, recommend, rival, stage_times, words
from tasks.nearmiss.benchmark.clips import Clip, clip_of
from tasks.nearmiss.benchmark.config import BenchmarkConfig
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.measure import Study, expected_seconds, measure
from tasks.nearmiss.benchmark.passes import Detectors
from tasks.nearmiss.benchmark.table import benchmark_table
from tasks.nearmiss.engines.choose import can_run
from tasks.nearmiss.sources import made_scene
from tasks.pointers import FilePointer, StageResult
from tasks.records import environment
from tasks.runs import Outcome, Run


@dataclass
class Bench:
    """The clips and detectors of one run; they stay in this process, for they are measured.

    Attributes:
        clips: what is measured on.
        detectors: made once each.
    """

    clips: list[Clip]
    detectors: Detectors


@task(name="clips", cache_policy=NO_CACHE)
def cut_clips(videos: Sequence[Path], with_made_scenes: bool, seconds: float, folder: Path) -> list:
    """The start of each video, and the made scenes."""
    made = []
    if with_made_scenes:
        for name, actors in made_scene.SCENES.items():
            made.append(folder / f"made-{name}.mp4")
            made_scene.make(made[-1], actors)
    clips = [
        clip_of(video, seconds, folder / str(number))
        for number, video in enumerate([*videos, *made])
    ]
    publish.table("clips", clip_rows(clips), f"{len(clips)} clips")
    return clips


@task(name="measure", cache_policy=NO_CACHE)
def measure_all(bench: Bench, config: BenchmarkConfig, folder: Path) -> StageResult:
    """Every configuration over every clip, the table, and the recommendation."""
    start = time.perf_counter()
    able = [name for name in config.engines if can_run(name)]
    warnings = [
        f"{name} is left out: this CPU does not compute in bf16."
        for name in config.engines
        if name not in able
    ]
    study = Study(
        bench.clips,
        bench.detectors,
        engines=able,
        small_imgsz=config.small_imgsz,
        strides=config.strides,
        combined_engines=config.combined_engines,
        repetitions=config.repetitions,
        max_missed=config.max_missed,
        max_extra=config.max_extra,
    )
    minutes = expected_seconds(study) / 60
    get_run_logger().info(
        f"Up to {study.passes()} passes over {study.frames()} frames; about {minutes:.0f} "
        "minutes if the machine stays as busy as it is."
    )
    with publish.progress("benchmark", study.passes(), unit="pass") as on_progress:
        measured, _ = measure(study, on_progress)
    table = benchmark_table(measured)
    chosen = recommend.recommend(table, config.max_missed, config.max_extra)
    written = {"benchmark": folder / "benchmark.csv", "picture": folder / "benchmark.png"}
    marked = table.assign(recommended=table["optimization"] == chosen.row["optimization"])
    with files.whole_or_nothing(written["benchmark"]) as temporary:
        marked.to_csv(temporary, index=False)
    name = str(chosen.row["optimization"])
    picture.speed_against_missed(written["picture"], table, name, config.max_missed)
    publish.table("benchmark", words.main_rows(table), chosen.reason)
    publish.pictures("benchmark", {"Speed against missed": written["picture"]}, chosen.reason)
    return StageResult(
        files={key: FilePointer.to(path) for key, path in written.items()},
        figures={
            "expected_minutes": round(minutes, 1),
            "recommended": asdict(recommend.configuration_of(chosen.row)),
        },
        warnings=warnings,
        seconds=time.perf_counter() - start,
    )


@task(name="steps", cache_policy=NO_CACHE)
def time_steps(bench: Bench, configuration: Configuration, repetitions: int) -> StageResult:
    """Where the time goes with the recommended configuration, and the bound."""
    start = time.perf_counter()
    rows = stage_times.time_steps(bench.clips, configuration, bench.detectors, repetitions)
    bound = stage_times.bound(rows)
    sentence = words.bound_sentences(bound, configuration.name, None)[0]
    publish.table("steps", words.step_rows(rows), sentence)
    return StageResult(figures={"rows": rows, "bound": bound}, seconds=time.perf_counter() - start)


@task(name="ultralytics", cache_policy=NO_CACHE)
def compare_with_ultralytics(
    bench: Bench, configuration: Configuration, weights: Path, repetitions: int
) -> StageResult:
    """The recommendation with its video beside ultralytics' own."""
    if not rival.can_track():
        return StageResult(
            warnings=[
                "Not compared with YOLO.track: its tracker needs the package lap (pip install lap)."
            ]
        )
    start = time.perf_counter()
    figures = rival.compare_with_ultralytics(
        bench.clips, configuration, bench.detectors, weights, repetitions
    )
    sentence = words.rival_sentence(figures, configuration.name)
    publish.table("ultralytics", [_flat(figures)], sentence)
    return StageResult(figures=figures, seconds=time.perf_counter() - start)


@task(name="memory", cache_policy=NO_CACHE)
def measure_memory(bench: Bench, configuration: Configuration, minutes: float) -> StageResult:
    """Peak memory on a looped clip, short and long."""
    start = time.perf_counter()
    clip = bench.clips[0]
    model = bench.detectors.model(configuration, clip)
    figures = memory_use.memory_growth(clip, configuration, model, minutes)
    publish.table("memory", words.memory_rows(figures), words.memory_sentence(figures))
    return StageResult(figures=figures, seconds=time.perf_counter() - start)


def write_benchmark(run: Run, bench: Bench, config: BenchmarkConfig, *, command: str) -> Outcome:
    """Write `benchmark.md`, `record.json` and, where asked for, the settings of the near-miss
    flow; and put the summary on the flow run's page."""
    table = pd.read_csv(run.results["measure"].path("benchmark"))
    chosen = recommend.recommend(table, config.max_missed, config.max_extra)
    steps = run.results["steps"].figures
    others = {
        name: run.results[name].figures or None if name in run.results else None
        for name in ("ultralytics", "memory")
    }
    text = words.markdown(
        table,
        chosen,
        rule=recommend.rule(config.max_missed, config.max_extra),
        clips=clip_rows(bench.clips),
        machine=machine(),
        steps=steps["rows"],
        bound=steps["bound"],
        rival=others["ultralytics"],
        memory=others["memory"],
        warnings=run.warnings,
    )
    written = {"markdown": run.folder / "benchmark.md", "settings": run.folder / "settings.yaml"}
    files.write_text(written["markdown"], text)
    recommend.write_settings(written["settings"], chosen)
    lines = [chosen.reason]
    if config.apply:
        recommend.write_settings(config.apply.expanduser(), chosen)
        lines.append(f"python flows/nearmiss.py --config {config.apply} uses it.")
    publish.markdown("summary", text, chosen.reason)
    run.add("summary", StageResult(files={k: FilePointer.to(p) for k, p in written.items()}))
    run.record(
        flow="benchmark",
        command=command,
        config=config.model_dump(mode="json"),
        data=[
            row | {"sha256": clip.metadata.sha256, "licence": None}
            for row, clip in zip(clip_rows(bench.clips), bench.clips, strict=True)
        ],
        metrics={
            "configurations": json.loads(table.to_json(orient="records")),
            "recommended": recommend.flow_settings(chosen.row),
            "meets_limits": chosen.meets_limits,
            "steps": steps,
            **{name: figures for name, figures in others.items() if figures},
        },
    )
    return Outcome(lines=[*lines, f"Report: {written['markdown']}"], folder=run.folder)


def clip_rows(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """What was measured on, a row a clip."""
    return [
        {
            "clip": clip.source,
            "frames": clip.metadata.frames,
            "seconds": round(clip.metadata.duration_sec, 1),
            "frames/s": round(clip.metadata.fps, 2),
            "picture": f"{clip.metadata.width}x{clip.metadata.height}",
        }
        for clip in clips
    ]


def configuration_named(measured: StageResult) -> Configuration:
    """The recommended configuration."""
    return Configuration(**measured.figures["recommended"])


def machine() -> str:
    """The processor and how many cores may be used."""
    known = environment()
    return f"{known['cpu']['model']}, {known['threads']} cores"


def _flat(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{name} {key}".strip(): value
        for name, spread in figures.items()
        for key, value in (spread.items() if isinstance(spread, dict) else [("", spread)])
    }
