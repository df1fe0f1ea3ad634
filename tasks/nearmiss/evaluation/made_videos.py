"""The made pictures as several videos, through detector, tracker and interactions."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.nearmiss.detection import detect_video
from tasks.nearmiss.detectors import make_detector
from tasks.nearmiss.interactions import meetings
from tasks.nearmiss.sources import made_scene
from tasks.nearmiss.trackers import make_tracker
from tasks.nearmiss.tracking import track_detections


def evaluate_made_videos(onnx: Path) -> list[dict[str, Any]]:
    """One row a video: whether it holds a near-miss, what was found, and whether that is right."""
    rows = []
    for name, actors in made_scene.SCENES.items():
        found = _interactions(actors, onnx)
        expected = name in made_scene.NEAR_MISS_SCENES
        pairs = [tuple(sorted((row.class_1, row.class_2))) for row in found.itertuples()]
        rows.append(
            {
                "scene": name,
                "near-misses in truth": int(expected),
                "found": len(pairs),
                "right": pairs == ([("bus", "person")] if expected else []),
            }
        )
    return rows


def _interactions(actors: tuple[made_scene.Actor, ...], onnx: Path) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "scene.mp4"
        made_scene.make(video, actors)
        files = {
            "detections_file": Path(folder) / "d.parquet",
            "frames_file": Path(folder) / "f.parquet",
        }
        detect_video(
            video, make_detector("yolo", onnx, 640), stride=2, conf_threshold=0.4,
            fps=made_scene.FPS, frames_expected=1, samples=0, **files,
        )  # fmt: skip
        frames, detections = (pd.read_parquet(files[k]) for k in ("frames_file", "detections_file"))
    tracks = track_detections(frames, detections, make_tracker("bytetrack", 10))
    scale = meetings.scale_for(tracks, (made_scene.WIDTH, made_scene.HEIGHT), None)
    kept, _ = meetings.find_interactions(
        meetings.trajectories_of_boxes(tracks, scale),
        preset="default", thresholds={}, disabled_filters=(), pedestrian_pairs=False,
    )  # fmt: skip
    return kept
