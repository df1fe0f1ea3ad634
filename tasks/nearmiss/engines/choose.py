"""Which engine to use here: measured on frames of the clip, and remembered for this machine.

An engine is taken for its speed only where it finds what the reference finds
(`agreement`, at least TOLERANCE both ways). The reference is ONNX Runtime in fp32, whose boxes the
tests hold against PyTorch's: it runs everywhere, and torch need not be loaded.

int8 is not tried by itself: calibrating it takes longer than everything else together, once for
every clip. Who names it gets it, with the same measurement beside the reference.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tasks.errors import BadInput
from tasks.files import write_json
from tasks.nearmiss.detectors.base import Detections
from tasks.nearmiss.detectors.yolo import decode
from tasks.nearmiss.engines import Engine, Letterbox, make_engine
from tasks.nearmiss.engines.agreement import MARGIN, MATCH_IOU, agreement, lowest_confidence
from tasks.nearmiss.engines.int8 import RULE, SUFFIX, int8_model, model_files
from tasks.nearmiss.frames import sample_frames
from tasks.pointers import FilePointer
from tasks.records import environment

AUTO = "auto"
REFERENCE = "onnx-fp32"
AUTO_CANDIDATES = (REFERENCE, "openvino-fp32", "openvino-bf16")

TOLERANCE = 0.97
# A lower precision is not judged by fewer boxes than this.
MIN_BOXES = 20
# All pictures are compared; a timed pass takes some of them, spread over the clip.
PICTURES, TIMED_PICTURES = 24, 8
PASSES, MIN_PASSES = 5, 3
# No further pass begins after this long: the choice must not cost more than it saves.
SECONDS = 5.0

TOO_FEW = f"not judged: fewer than {MIN_BOXES} boxes to compare"

PACKAGES = ("onnxruntime", "openvino", "nncf", "torch", "ultralytics")


@dataclass(frozen=True)
class Clip:
    """What is to be detected in, and with what.

    Attributes:
        weights, onnx: the detector's weights and their float export.
        video: whose frames are measured on.
        calibration: video whose frames quantized models are calibrated with.
        picture_size: height and width of its pictures.
        imgsz: longer side of the network's input in pixels.
        conf_threshold: of the run.
    """

    weights: FilePointer
    onnx: FilePointer
    video: FilePointer
    calibration: FilePointer
    picture_size: tuple[int, int]
    imgsz: int
    conf_threshold: float

    @cached_property
    def pictures(self) -> list[np.ndarray]:
        """Frames spread over the clip, read when they are first needed."""
        return sample_frames(self.video.path, PICTURES)

    def model(self, engine: str) -> Path:
        """What this engine reads; a quantized model is made where it is not there yet."""
        if engine == "pytorch-fp32":
            return self.weights.path
        if engine not in SUFFIX:
            return self.onnx.path
        letterbox = Letterbox.of(self.picture_size, self.imgsz)
        return int8_model(
            engine,
            self.onnx.path,
            self.calibration_pictures,
            letterbox,
            self.calibration.sha256,
        )

    def calibration_pictures(self) -> list[np.ndarray]:
        """Frames spread over the calibration video, in the clip's picture size.

        They lie at odd 48ths of its length, those that engines are compared on at 23rds: were they
        the same, agreement would be measured on what the model was fitted to.
        """
        frames = sample_frames(self.calibration.path, 2 * PICTURES + 1)
        frames = frames[1::2] or frames
        height, width = self.picture_size
        return [
            frame if frame.shape[:2] == self.picture_size else cv2.resize(frame, (width, height))
            for frame in frames
        ]


@dataclass(frozen=True)
class Choice:
    """The engine to use.

    Attributes:
        engine: its name.
        files: what it reads.
        rows: one a measured engine: name, median milliseconds a frame with lowest and highest of
            the passes, median milliseconds of all cores together (which other work on the machine
            stretches less), how many passes of how many pictures, agreement both ways, verdict.
        measured_now: False where an earlier measurement was taken.
    """

    engine: str
    files: dict[str, Path]
    rows: list[dict[str, Any]]
    measured_now: bool


def choose_engine(asked: str, clip: Clip, folder: Path, threads: int = 0) -> Choice:
    """The engine asked for, or the fastest that agrees with the reference, with its measurement.

    Args:
        asked: the name of an engine, or "auto".
        clip: what for.
        folder: where choices are remembered, a file each, by machine, packages, weights and sizes.
        threads: to compute with; 0 lets each library choose.

    Raises:
        BadInput: the engine asked for cannot run here.
    """
    candidates = AUTO_CANDIDATES if asked == AUTO else tuple(dict.fromkeys((REFERENCE, asked)))
    able = [name for name in candidates if can_run(name)]
    if asked != AUTO and asked not in able:
        raise BadInput(
            f"--engine {asked}: this CPU does not compute in bf16; name another or leave it out."
        )
    remembered = folder / f"engine-{_key(asked, able, clip, threads)}.json"
    rows = _read(remembered)
    measured_now = rows is None
    if measured_now:
        rows = measure(
            {
                name: make_engine(name, clip.model(name), clip.picture_size, clip.imgsz, threads)
                for name in able
            },
            clip.pictures,
            clip.conf_threshold,
        )
    chosen, settled = pick(rows, asked)
    if measured_now and settled:
        write_json(remembered, rows)
    for row in rows:
        row["chosen"] = row["engine"] == chosen
    return Choice(chosen, model_files(clip.model(chosen)), rows, measured_now)


def can_run(engine: str) -> bool:
    """Whether this machine computes in the engine's precision."""
    if engine != "openvino-bf16":
        return True
    from tasks.nearmiss.engines.openvino import supports_bf16

    return supports_bf16()


def measure(
    engines: dict[str, Engine],
    pictures: Sequence[np.ndarray],
    conf_threshold: float,
    seconds: float = SECONDS,
) -> list[dict[str, Any]]:
    """Compare engines with REFERENCE, which must be one of them, in boxes and in time.

    The first pass over all pictures gives the boxes and warms up. The timed passes go round the
    engines in turn, so that whatever else the machine does meets all of them.
    """
    boxes = {
        name: _detections(engine, pictures, conf_threshold) for name, engine in engines.items()
    }
    timed = [
        pictures[index] for index in np.linspace(0, len(pictures) - 1, TIMED_PICTURES, dtype=int)
    ]
    passes: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    start = time.perf_counter()
    for number in range(PASSES):
        if number >= MIN_PASSES and time.perf_counter() - start > seconds:
            break
        for name, engine in engines.items():
            passes[name].append(_milliseconds(engine, timed))
    rows = []
    for name in engines:
        wall, cpu = np.array(passes[name]).T
        rows.append(
            {
                "engine": name,
                "ms": round(float(np.median(wall)), 2),
                "ms_lowest": round(float(wall.min()), 2),
                "ms_highest": round(float(wall.max()), 2),
                "cpu_ms": round(float(np.median(cpu)), 2),
                "passes": len(wall),
                "pictures_a_pass": len(timed),
                "agreement": agreement(boxes[REFERENCE], boxes[name], conf_threshold),
            }
        )
    return rows


def pick(rows: list[dict[str, Any]], asked: str) -> tuple[str, bool]:
    """The engine to use, and whether the rows settle that; writes a verdict into each row.

    The fastest is the one with the lowest pass: what else the machine does can only make a pass
    longer. Where lower precisions could not be judged for want of boxes, another clip may say
    otherwise.
    """
    for row in rows:
        row["verdict"] = _verdict(row)
    if asked != AUTO:
        return asked, True
    able = [row for row in rows if row["verdict"] == "agrees"]
    chosen = min(able, key=lambda row: row["ms_lowest"])
    least = chosen["ms_lowest"]
    settled = all(row["verdict"] != TOO_FEW or row["ms_lowest"] >= least for row in rows)
    return chosen["engine"], settled


def _verdict(row: dict[str, Any]) -> str:
    shares = {way: row["agreement"][way] for way in ("found", "real")}
    if min(share["n"] for share in shares.values()) < MIN_BOXES:
        return "agrees" if row["engine"].endswith("fp32") else TOO_FEW
    low = [
        f"{100 * share['share']:.1f} % {way}"
        for way, share in shares.items()
        if share["share"] < TOLERANCE
    ]
    return f"rejected: {' and '.join(low)}, below {100 * TOLERANCE:.0f} %" if low else "agrees"


def _detections(
    engine: Engine, pictures: Sequence[np.ndarray], conf_threshold: float
) -> list[Detections]:
    lowest = lowest_confidence(conf_threshold)
    return [
        decode(output, engine.letterbox, lowest) for output in engine.infer_ahead(iter(pictures))
    ]


def _milliseconds(engine: Engine, pictures: Sequence[np.ndarray]) -> tuple[float, float]:
    """Milliseconds a picture over one pass, as the pipeline runs it, and those of all cores."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in engine.infer_ahead(iter(pictures)):
        pass
    each = 1000 / len(pictures)
    return each * (time.perf_counter() - wall), each * (time.process_time() - cpu)


def _key(asked: str, candidates: Sequence[str], clip: Clip, threads: int) -> str:
    """What a choice depends on, as 16 hex digits.

    A video counts only where a quantized model was calibrated with it.
    """
    machine = environment()
    parts = {
        "cpu": machine["cpu"],
        "threads": [machine["threads"], threads],
        "packages": {name: machine["packages"].get(name) for name in PACKAGES},
        "weights": clip.weights.sha256,
        "imgsz": clip.imgsz,
        "picture": clip.picture_size,
        "conf_threshold": clip.conf_threshold,
        "candidates": candidates,
        "calibration": clip.calibration.sha256 if asked in SUFFIX else None,
        "rule": [RULE, MATCH_IOU, MARGIN, PICTURES, TIMED_PICTURES, PASSES],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _read(remembered: Path) -> list[dict[str, Any]] | None:
    try:
        return json.loads(remembered.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or cut off
        return None
