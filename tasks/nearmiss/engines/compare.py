"""How fast and how right every engine is on a clip, alone and in the pipeline.

    python -m tasks.nearmiss.engines.compare --video clip.mp4 [--stride 2] [--imgsz 640] \
        [--rounds 3] [--engines onnx-fp32 openvino-fp32]

The first table is `choose.measure`: milliseconds of a picture in the engine, and the agreement
with the reference. The second is `detect_video` over the whole clip, decoding, decoding of boxes,
camera and tables included; the rounds go over the engines in turn.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd

from tasks.nearmiss.detection import detect_video
from tasks.nearmiss.detectors import make_detector
from tasks.nearmiss.engines import NAMES, make_engine
from tasks.nearmiss.engines.choose import REFERENCE, Clip, can_run, measure
from tasks.nearmiss.ingest import VideoMetadata, probe
from tasks.nearmiss.weights import export_onnx, find_weights
from tasks.pointers import FilePointer

CONF_THRESHOLD = 0.4
NO_HURRY = 600.0  # seconds after which no further timed pass begins


def compare_engines(clip: Clip, names: list[str]) -> pd.DataFrame:
    """`choose.measure` of these engines as a table: one row an engine, sizes in milliseconds."""
    made = {
        name: make_engine(name, clip.model(name), clip.picture_size, clip.imgsz) for name in names
    }
    rows = measure(made, clip.pictures, clip.conf_threshold, NO_HURRY)
    for row in rows:
        for way, share in row.pop("agreement").items():
            row |= {way: share["share"], f"{way} n": share["n"]}
    return pd.DataFrame(rows)


def compare_passes(
    clip: Clip, names: list[str], metadata: VideoMetadata, stride: int, rounds: int
) -> pd.DataFrame:
    """`detect_video` of these engines, one row each.

    Source frames a second: median, lowest and highest of the rounds; and the median milliseconds
    of all cores together for a source frame.
    """
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            rates[name].append(_one_pass(clip, name, metadata, stride))
    rows = []
    for name, passes in rates.items():
        frames_a_second, cpu_ms = zip(*passes, strict=True)
        rows.append(
            {
                "engine": name,
                "frames/s": round(statistics.median(frames_a_second), 1),
                "lowest": round(min(frames_a_second), 1),
                "highest": round(max(frames_a_second), 1),
                "cpu_ms": round(statistics.median(cpu_ms), 2),
                "rounds": rounds,
                "frames": metadata.frames,
            }
        )
    return pd.DataFrame(rows)


def _one_pass(clip: Clip, name: str, metadata: VideoMetadata, stride: int) -> tuple[float, float]:
    detector = make_detector("yolo", clip.model(name), clip.imgsz, engine=name)
    detector.detect(clip.pictures[0], clip.conf_threshold)  # builds the engine
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        summary = detect_video(
            clip.video.path,
            detector,
            stride=stride,
            conf_threshold=clip.conf_threshold,
            fps=metadata.fps,
            frames_expected=metadata.frames,
            detections_file=Path(folder) / "d.parquet",
            frames_file=Path(folder) / "f.parquet",
        )
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return summary.frames / wall, 1000 * cpu / summary.frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=NAMES)
    chosen = parser.parse_args()
    video = FilePointer.to(chosen.video)
    metadata = probe(video.path, video.sha256)
    weights, _ = find_weights(chosen.weights)
    clip = Clip(
        weights=FilePointer.to(weights),
        onnx=FilePointer.to(export_onnx(weights)),
        video=video,
        calibration=video,
        picture_size=(metadata.height, metadata.width),
        imgsz=chosen.imgsz,
        conf_threshold=CONF_THRESHOLD,
    )
    names = [name for name in dict.fromkeys((REFERENCE, *chosen.engines)) if can_run(name)]
    print(compare_engines(clip, names).to_string(index=False))
    passes = compare_passes(clip, names, metadata, chosen.stride, chosen.rounds)
    print(passes.to_string(index=False))


if __name__ == "__main__":
    main()
