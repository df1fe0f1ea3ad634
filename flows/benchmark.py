"""How fast can this machine find near-misses, and what is missed for the speed?

python flows/benchmark.py                          # the made scenes
python flows/benchmark.py --video crossing.mp4 --apply fast.yaml
python flows/nearmiss.py --config fast.yaml --video crossing.mp4
"""

import hashlib
import sys
import tempfile
from pathlib import Path

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow

from tasks import command_line
from tasks.command_line import command_for
from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.nearmiss import sources, weights
from tasks.nearmiss.benchmark import stages
from tasks.nearmiss.benchmark.clips import check_length
from tasks.nearmiss.benchmark.config import BenchmarkConfig
from tasks.nearmiss.benchmark.passes import Detectors
from tasks.nearmiss.detectors.stages import find_detector
from tasks.runs import Outcome, Run, folder_for


@flow(name="benchmark")
def benchmark(config: BenchmarkConfig) -> Outcome:
    """Time engines, sizes, strides and threads on the same clips, and recommend a setting."""
    videos = [Path(video) for video in sources.expand(config.video)]
    output_dir = config.resolved_output_dir()
    folder = folder_for(output_dir, folder_name(videos), content_of(videos))
    run = Run(folder, output_dir / ".cache", config.refresh)
    detector = run.add("find detector", find_detector("yolo", config.weights))

    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        clips = stages.cut_clips(
            videos, config.made_scenes or not videos, config.seconds, Path(folder)
        )
        detectors = Detectors(detector.files["weights"], detector.files["onnx"], clips)
        bench = stages.Bench(clips, detectors)

        measured = run.add("measure", stages.measure_all(bench, config, run.folder))
        recommended = stages.configuration_named(measured)
        run.add("steps", stages.time_steps(bench, recommended, config.repetitions))
        if config.side_by_side:
            pytorch = detector.path("weights")
            run.add(
                "ultralytics",
                stages.compare_with_ultralytics(bench, recommended, pytorch, config.repetitions),
            )
        if config.memory_minutes:
            run.add("memory", stages.measure_memory(bench, recommended, config.memory_minutes))
        return stages.write_benchmark(
            run, bench, config, command=command_for("flows/benchmark.py", config)
        )


def folder_name(videos: list[Path]) -> str:
    """A folder for these videos' results."""
    if not videos:
        return "made_scenes"
    more = f"-and-{len(videos) - 1}-more" if len(videos) > 1 else ""
    return sources.safe_name(videos[0].name) + more


def content_of(videos: list[Path]) -> str:
    """What all the videos hold, as one sha256."""
    each = "".join(sha256_of(video) for video in videos)
    return hashlib.sha256(each.encode()).hexdigest()


def check(config: BenchmarkConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: a video that is none, is too short or is an address; weights that
            are not there; no folder for the settings.
    """
    for video in sources.expand(config.video):
        if sources.is_url(video):
            raise BadInput(f"{video}: name a file; an address is not downloaded to be measured.")
        check_length(Path(video))
    if config.weights is not None:
        weights.find_weights(config.weights)
    if config.apply is not None and not config.apply.expanduser().resolve().parent.is_dir():
        raise BadInput(f"--apply {config.apply}: there is no such folder.")


if __name__ == "__main__":
    sys.exit(command_line.main(benchmark, BenchmarkConfig, check=check))
