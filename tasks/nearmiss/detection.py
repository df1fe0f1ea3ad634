"""Detections of a picture, and of a whole video as a table."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks import torchvision_repair
from tasks.files import whole_or_nothing
from tasks.nearmiss.camera.drift import CameraDrift
from tasks.nearmiss.chunks import Chunk
from tasks.nearmiss.classes import CLASSES, category_of
from tasks.nearmiss.detectors import Detections, Detector
from tasks.nearmiss.frames import Frame, FrameReader, to_image
from tasks.nearmiss.pipeline import ahead

DETECTIONS_SCHEMA = pa.schema(
    [
        ("frame_index", pa.int32()),
        ("timestamp_sec", pa.float64()),
        ("class", pa.dictionary(pa.int8(), pa.string())),
        ("confidence", pa.float32()),
        ("x1", pa.float32()),
        ("y1", pa.float32()),
        ("x2", pa.float32()),
        ("y2", pa.float32()),
    ]
)
FRAMES_SCHEMA = pa.schema(
    [("frame_index", pa.int32()), ("timestamp_sec", pa.float64()), ("processed", pa.bool_())]
)
ROWS_A_GROUP = 4096


def detect_objects(
    frame: np.ndarray, model: Any, conf_threshold: float = 0.4
) -> list[dict[str, Any]]:
    """Find the road users in one picture.

    Args:
        frame: height x width x 3, BGR uint8.
        model: one of our detectors, or an `ultralytics.YOLO`.
        conf_threshold: smallest confidence to return, 0 to 1.

    Returns:
        Best first: {"id": None, "class": one of CLASSES, "category": vehicle or pedestrian,
        "bbox": [x1, y1, x2, y2], "confidence", "center": (cx, cy)}, in source pixels.
    """
    detect = model.detect if hasattr(model, "detect") else _ultralytics(model)
    return as_dicts(detect(frame, conf_threshold))


def as_dicts(detections: Detections) -> list[dict[str, Any]]:
    """Detections in the form that `detect_objects` returns and trackers take."""
    return [
        {
            "id": None,
            "class": name,
            "category": category_of(name),
            "bbox": box,
            "confidence": confidence,
            "center": ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2),
        }
        for name, box, confidence in zip(
            detections.class_names(),
            detections.boxes.tolist(),
            detections.confidences.tolist(),
            strict=True,
        )
    ]


@dataclass
class DetectionSummary:
    """Key figures of a pass over a video.

    Attributes:
        frames: decoded.
        per_class: detections a class.
        frame_ms: milliseconds from one processed frame to the next, with all that is done for
            one; the first also pays for building the engine.
        samples: processed frame index to a picture with its detections, for a person to look at.
    """

    frames: int = 0
    damaged_packets: int = 0
    guessed_times: int = 0
    per_class: Counter[str] = field(default_factory=Counter)
    frame_ms: list[float] = field(default_factory=list)
    samples: list[tuple[Frame, Detections]] = field(default_factory=list)
    camera: CameraDrift = field(default_factory=CameraDrift)

    def figures(self) -> dict[str, Any]:
        """The summary as JSON-able figures."""
        return self.counts() | {
            "frame_ms": spread_of(self.frame_ms[1:] or self.frame_ms),
            "camera": self.camera.figures(),
        }

    def counts(self) -> dict[str, Any]:
        """What adds up over the chunks of a video."""
        return {
            "frames": self.frames,
            "processed_frames": len(self.frame_ms),
            "damaged_packets": self.damaged_packets,
            "guessed_times": self.guessed_times,
            "detections_per_class": dict(sorted(self.per_class.items())),
        }


def spread_of(milliseconds: Sequence[float]) -> dict[str, Any]:
    """n, mean, median and standard deviation."""
    values = np.array(milliseconds)
    return {
        "n": len(values),
        "mean": round(float(values.mean()), 2),
        "median": round(float(np.median(values)), 2),
        "sd": round(float(values.std(ddof=min(1, len(values) - 1))), 2),
    }


def detect_video(
    video: Path,
    detector: Detector,
    *,
    stride: int,
    conf_threshold: float,
    fps: float,
    frames_expected: int,
    detections_file: Path,
    frames_file: Path,
    samples: int = 10,
    chunk: Chunk | None = None,
    side_by_side: bool = True,
    on_progress: Callable[[int], None] = lambda done: None,
) -> DetectionSummary:
    """Detect in every stride-th frame and write two tables, holding only a few frames in memory.

    Args:
        video: a local file.
        detector: finds road users in a picture.
        stride: every how many frames one is processed.
        conf_threshold: smallest confidence of a detection.
        fps: nominal rate, for frames without a usable time.
        frames_expected: how many frames the file has, to spread the samples.
        detections_file: Parquet, one row a detection (DETECTIONS_SCHEMA).
        frames_file: Parquet, one row a decoded frame (FRAMES_SCHEMA).
        samples: how many pictures to keep.
        chunk: the piece of the video to look at; all of it when None.
        side_by_side: decode and infer ahead in threads of their own; False does one thing after
            the other, which is only worth having to compare with.
        on_progress: called with the number of frames done.
    """
    summary = DetectionSummary()
    reader = FrameReader(video, stride, fps, chunk=chunk)
    sampled = _spread(frames_expected, stride, samples)
    with (
        _table(detections_file, DETECTIONS_SCHEMA) as detection_rows,
        _table(frames_file, FRAMES_SCHEMA) as frame_rows,
        closing(ahead(reader) if side_by_side else iter(reader)) as frames,
        closing(_each_with_detections(frames, detector, conf_threshold, side_by_side)) as detected,
    ):
        last = time.perf_counter()
        for frame, found in detected:
            frame_rows([(frame.index, frame.time, found is not None)])
            summary.frames += 1
            if found is not None:
                detection_rows(table_rows(frame, found))
                summary.camera.add(frame.time, frame.image, found.boxes)
                summary.per_class.update(found.class_names())
                now = time.perf_counter()
                summary.frame_ms.append(1000 * (now - last))
                last = now
                if frame.index in sampled:
                    summary.samples.append((frame, found))
            on_progress(summary.frames)
    summary.damaged_packets, summary.guessed_times = reader.damaged, reader.out_of_order
    return summary


def look_again(
    video: Path,
    detections: pd.DataFrame,
    *,
    stride: int,
    fps: float,
    frames_expected: int,
    samples: int = 10,
    on_progress: Callable[[int], None] = lambda done: None,
) -> tuple[CameraDrift, list[tuple[Frame, Detections]]]:
    """What `detect_video` sees in a whole video beside the road users, where these are known:
    how the camera moves, and sample pictures. Few frames become pictures.

    Args:
        video: a local file.
        detections: DETECTIONS_SCHEMA, of all its chunks, in order of frames.
        stride, fps, frames_expected, samples, on_progress: as in `detect_video`.
    """
    camera, seen = CameraDrift(), []
    sampled = _spread(frames_expected, stride, samples)
    frame_of_row = detections["frame_index"].to_numpy()
    with closing(ahead(FrameReader(video, stride, fps).decoded())) as frames:
        for index, seconds, frame in frames:
            on_progress(index + 1)
            if index % stride or not (camera.is_due(seconds) or index in sampled):
                continue
            picture = Frame(index, seconds, to_image(frame))
            first, last = np.searchsorted(frame_of_row, (index, index + 1))
            found = _of_table(detections.iloc[first:last])
            camera.add(seconds, picture.image, found.boxes)
            if index in sampled:
                seen.append((picture, found))
    return camera, seen


def _of_table(rows: pd.DataFrame) -> Detections:
    return Detections(
        rows[["x1", "y1", "x2", "y2"]].to_numpy(np.float32),
        rows["confidence"].to_numpy(np.float32),
        pd.Categorical(rows["class"], categories=CLASSES).codes.astype(np.int64),
    )


def _each_with_detections(
    frames: Iterable[Frame], detector: Detector, conf_threshold: float, may_look_ahead: bool
) -> Iterator[tuple[Frame, Detections | None]]:
    """Every frame in order with what was found in it; None for one without a picture.

    A detector that looks ahead takes several pictures: their frames wait here meanwhile.
    """
    waiting: deque[Frame] = deque()

    def pictures() -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            if frame.image is not None:
                yield frame.image

    if may_look_ahead:
        results = detector.detect_all(pictures(), conf_threshold)
    else:
        results = (detector.detect(picture, conf_threshold) for picture in pictures())
    with closing(results) as detections:
        for found in detections:
            while waiting[0].image is None:
                yield waiting.popleft(), None
            yield waiting.popleft(), found
    for frame in waiting:
        yield frame, None


def table_rows(frame: Frame, found: Detections) -> list[tuple[Any, ...]]:
    """DETECTIONS_SCHEMA of what was found in a frame."""
    return [
        (frame.index, frame.time, name, confidence, *box)
        for name, confidence, box in zip(
            found.class_names(), found.confidences.tolist(), found.boxes.tolist(), strict=True
        )
    ]


def _spread(frames: int, stride: int, n: int) -> set[int]:
    """Indices of `n` processed frames, evenly spread over the video."""
    processed = np.arange(0, max(frames, 1), stride)
    n = min(n, len(processed))
    chosen = np.linspace(0, len(processed) - 1, n).round().astype(int)
    return set(processed[chosen].tolist())


class _table:
    """A Parquet file written in groups of rows: gives a function that takes rows."""

    def __init__(self, path: Path, schema: pa.Schema):
        self._schema = schema
        self._path = path
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> Callable[[list[tuple[Any, ...]]], None]:
        with ExitStack() as stack:
            temporary = stack.enter_context(whole_or_nothing(self._path))
            self._writer = stack.enter_context(pq.ParquetWriter(temporary, self._schema))
            self._open = stack.pop_all()
        return self._take

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self._open.__exit__(*error)
            return
        with self._open:  # an error in here removes the temporary file as well
            self._flush()

    def _take(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows += rows
        if len(self._rows) >= ROWS_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [[] for _ in self._schema]
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []


def _ultralytics(model: Any) -> Callable[[np.ndarray, float], Detections]:
    """An `ultralytics.YOLO` with the detector's call and the detector's suppression."""
    from tasks.nearmiss.classes import COCO_IDS
    from tasks.nearmiss.detectors.yolo import suppress

    torchvision_repair.repair()
    ours = {coco: CLASSES.index(name) for name, coco in COCO_IDS.items()}

    def detect(image: np.ndarray, conf_threshold: float) -> Detections:
        result = model.predict(
            image, conf=conf_threshold, iou=0.99, classes=list(ours), verbose=False
        )[0]
        boxes = result.boxes.xyxy.cpu().numpy().astype(np.float32)
        confidences = result.boxes.conf.cpu().numpy().astype(np.float32)
        class_ids = np.array([ours[int(coco)] for coco in result.boxes.cls], dtype=np.int64)
        if not len(boxes):
            return Detections.none()
        kept = suppress(boxes, confidences, class_ids)
        return Detections(boxes[kept], confidences[kept], class_ids[kept])

    return detect


def by_frame(
    frames: pd.DataFrame, detections: pd.DataFrame
) -> Iterator[tuple[int, float, list[dict[str, Any]]]]:
    """Walk over the processed frames: frame index, time in seconds, detections as dicts.

    Frames without a detection come too, since a tracker has to see them.
    """
    processed = frames[frames["processed"]]
    starts = np.searchsorted(detections["frame_index"], processed["frame_index"], side="left")
    ends = np.searchsorted(detections["frame_index"], processed["frame_index"], side="right")
    boxes = detections[["x1", "y1", "x2", "y2"]].to_numpy()
    confidences = detections["confidence"].to_numpy()
    class_ids = pd.Categorical(detections["class"], categories=CLASSES).codes
    for index, time_sec, start, end in zip(
        processed["frame_index"], processed["timestamp_sec"], starts, ends, strict=True
    ):
        found = Detections(boxes[start:end], confidences[start:end], class_ids[start:end])
        yield int(index), float(time_sec), as_dicts(found)
