"""Tracks of a whole video as a table, and what they show."""

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from tasks.files import whole_or_nothing
from tasks.nearmiss.classes import CLASSES, category_of
from tasks.nearmiss.detection import by_frame
from tasks.nearmiss.trackers import Tracker

TRACK_COLUMNS = [
    "frame_index",
    "timestamp_sec",
    "track_id",
    "class",
    "category",
    "confidence",
    "x1",
    "y1",
    "x2",
    "y2",
    "center_x",
    "center_y",
]
_SIGHT = {"frame_index": "i", "timestamp_sec": "d", "track_id": "i", "confidence": "f",
          "x1": "f", "y1": "f", "x2": "f", "y2": "f"}  # fmt: skip
# Of an hour's table at once: some seconds of a busy road.
PIECE_ROWS = 5_000


def track_detections(
    frames: pd.DataFrame,
    detections: pd.DataFrame,
    tracker: Tracker,
    on_progress: Callable[[int], None] = lambda done: None,
) -> pd.DataFrame:
    """Give detections an identity.

    Args:
        frames: FRAMES_SCHEMA of `detection`, one row a decoded frame.
        detections: DETECTIONS_SCHEMA, in order of frames.
        tracker: a new tracker.
        on_progress: called with the number of source frames done.

    Returns:
        TRACK_COLUMNS, one row a sight of an object, in order of frames; the class is the
        object's most frequent one over its whole life. Places in source pixels.
    """
    # Arrays of numbers, since an hour has hundreds of thousands of sights.
    columns = {name: array(code) for name, code in _SIGHT.items()}
    for frame_index, time_sec, found in by_frame(frames, detections):
        for track_id, seen in tracker.update(found, frame_index).items():
            if not seen["disappeared"]:
                sight = (frame_index, time_sec, track_id, seen["confidence"], *seen["bbox"])
                for column, value in zip(columns.values(), sight, strict=True):
                    column.append(value)
        tracker.trajectories.clear()  # the table holds them
        on_progress(frame_index + 1)
    table = pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    ids, rows = np.unique(table["track_id"], return_inverse=True)
    names = [tracker.class_of(track_id) for track_id in ids.tolist()]
    table["class"] = pd.Categorical(names, categories=CLASSES)[rows]
    categories = [category_of(name) for name in names]
    table["category"] = pd.Categorical(categories)[rows]
    table["center_x"] = (table["x1"] + table["x2"]) / 2
    table["center_y"] = (table["y1"] + table["y2"]) / 2
    return table[TRACK_COLUMNS]


def track_figures(tracks: pd.DataFrame) -> dict[str, Any]:
    """Unique ids, track length in processed frames, and how many objects there are at the peak."""
    lengths = tracks.groupby("track_id").size()
    at_once = tracks.groupby("frame_index").size()
    per_class = tracks.drop_duplicates("track_id")["class"].value_counts()
    return {
        "unique_ids": len(lengths),
        "ids_per_class": {str(k): int(v) for k, v in per_class.sort_index().items() if v},
        "track_length": {
            "n": len(lengths),
            "mean": round(float(lengths.mean()), 2) if len(lengths) else None,
            "median": float(lengths.median()) if len(lengths) else None,
        },
        "objects_at_peak": int(at_once.max()) if len(at_once) else 0,
        "peak_frame": int(at_once.idxmax()) if len(at_once) else None,
    }


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all."""
    with whole_or_nothing(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_pieces(path: Path, columns: list[str]) -> Iterator[pd.DataFrame]:
    """A Parquet table from its beginning, at most PIECE_ROWS rows at once, so that an hour of
    tracks takes no more memory than a minute."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=PIECE_ROWS, columns=columns):
            yield batch.to_pandas()


def write_motchallenge(path: Path, tracks: pd.DataFrame) -> None:
    """Write tracks as MOTChallenge text: frame and id from 1, left, top, width, height,
    confidence, and three columns of -1 for the world place that nobody measured."""
    columns = zip(
        tracks["frame_index"] + 1,
        tracks["track_id"] + 1,
        tracks["x1"],
        tracks["y1"],
        tracks["x2"] - tracks["x1"],
        tracks["y2"] - tracks["y1"],
        tracks["confidence"],
        strict=True,
    )
    lines = (
        f"{int(frame)},{int(track)},{x:.2f},{y:.2f},{w:.2f},{h:.2f},{conf:.4f},-1,-1,-1"
        for frame, track, x, y, w, h, conf in columns
    )
    with whole_or_nothing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
