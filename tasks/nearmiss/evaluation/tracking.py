"""How right the trackers are on a sequence with ground truth.

    python -m tasks.nearmiss.evaluation.tracking --video vtest.avi --ground-truth gt.txt \
        --onnx models/yolov8n-….onnx [--stride 2]

Metrics are those of the `trackers` package: HOTA (Luiten et al. 2021), MOTA (Bernardin and
Stiefelhagen 2008) and IDF1 (Ristani et al. 2016), the latter two at an overlap of 0.5.
"""

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from trackers.eval import (
    box_iou,
    compute_clear_metrics,
    compute_hota_metrics,
    compute_identity_metrics,
)

from tasks.nearmiss.detection import detect_video
from tasks.nearmiss.detectors import make_detector
from tasks.nearmiss.ingest import probe
from tasks.nearmiss.refinement import refine_tracks
from tasks.nearmiss.trackers import REGISTRY, make_tracker
from tasks.nearmiss.tracking import track_detections

BOX = ["x1", "y1", "x2", "y2"]


def read_ground_truth(path: Path) -> pd.DataFrame:
    """MOTChallenge ground truth: frame_index from 0, track_id, x1, y1, x2, y2 in pixels.

    Every row counts, also those with confidence 0: in PETS09-S2L1 they are visible people.
    """
    table = pd.read_csv(path, header=None)
    left, top, width, height = (table[column].to_numpy(float) for column in range(2, 6))
    return pd.DataFrame(
        {
            "frame_index": table[0].to_numpy(int) - 1,
            "track_id": table[1].to_numpy(int),
            "x1": left,
            "y1": top,
            "x2": left + width,
            "y2": top + height,
        }
    )


def tracking_metrics(
    truth: pd.DataFrame, tracks: pd.DataFrame, frames: Iterable[int]
) -> dict[str, Any]:
    """HOTA, MOTA, IDF1 (0 to 1), identity switches, false positives, misses, and n.

    Args:
        truth: frame_index, track_id, x1, y1, x2, y2.
        tracks: the same columns.
        frames: the frames to count.
    """
    truth_ids, track_ids, overlaps = [], [], []
    true_of, found_of = (dict(tuple(t.groupby("frame_index"))) for t in (truth, tracks))
    for frame in frames:
        true, found = true_of.get(frame, truth.iloc[:0]), found_of.get(frame, tracks.iloc[:0])
        truth_ids.append(true["track_id"].to_numpy(int))
        track_ids.append(found["track_id"].to_numpy(int))
        overlaps.append(
            box_iou(true[BOX].to_numpy(float), found[BOX].to_numpy(float))
            if len(true) and len(found)
            else np.zeros((len(true), len(found)))
        )
    truth_ids, track_ids = _numbered(truth_ids), _numbered(track_ids)
    clear = compute_clear_metrics(truth_ids, track_ids, overlaps)
    identity = compute_identity_metrics(truth_ids, track_ids, overlaps)
    hota = compute_hota_metrics(truth_ids, track_ids, overlaps)
    return {
        "HOTA": round(float(hota["HOTA"]), 4),
        "MOTA": round(float(clear["MOTA"]), 4),
        "IDF1": round(float(identity["IDF1"]), 4),
        "id_switches": int(clear["IDSW"]),
        "false_positives": int(clear["CLR_FP"]),
        "misses": int(clear["CLR_FN"]),
        "n": int(sum(map(len, truth_ids))),
    }


def compare_trackers(
    video: Path, truth: pd.DataFrame, onnx: Path, *, stride: int, imgsz: int = 640
) -> pd.DataFrame:
    """Metrics of each tracker on the same detections of persons.

    Args:
        video: whose frames the truth numbers.
        truth: of `read_ground_truth`.
        onnx: the exported detector.
        stride: every how many frames one is processed and counted.
        imgsz: detector input size in pixels.
    """
    metadata = probe(video)
    with tempfile.TemporaryDirectory() as folder:
        detections_file, frames_file = Path(folder) / "d.parquet", Path(folder) / "f.parquet"
        detect_video(
            video,
            make_detector("yolo", onnx, imgsz),
            stride=stride,
            conf_threshold=0.4,
            fps=metadata.fps,
            frames_expected=metadata.frames,
            detections_file=detections_file,
            frames_file=frames_file,
            samples=0,
        )
        frames, detections = pd.read_parquet(frames_file), pd.read_parquet(detections_file)
    people = detections[detections["class"] == "person"]
    rows = []
    for name in REGISTRY:
        tracks = track_detections(frames, people, make_tracker(name, max_disappeared=10))
        refined = refine_tracks(tracks, frames, stride, metadata.width, metadata.height)
        counted = frames.loc[frames["processed"], "frame_index"]
        for refinement, table in (("", tracks), ("refined", refined)):
            metrics = tracking_metrics(truth, table, counted)
            rows.append({"tracker": name, "refinement": refinement, **metrics})
    return pd.DataFrame(rows)


def _numbered(ids: list[np.ndarray]) -> list[np.ndarray]:
    """The same ids as numbers from 0 without gaps, as the metrics want them."""
    known = np.unique(np.concatenate(ids)) if ids else np.empty(0, int)
    return [np.searchsorted(known, of_frame) for of_frame in ids]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--ground-truth", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--stride", type=int, default=1)
    chosen = parser.parse_args()
    truth = read_ground_truth(chosen.ground_truth)
    print(compare_trackers(chosen.video, truth, chosen.onnx, stride=chosen.stride).to_string())


if __name__ == "__main__":
    main()
