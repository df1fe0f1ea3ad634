"""Small tables, tracks and a video for the tests of clips, review and labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.nearmiss.encode import VideoWriter

FPS, WIDTH, HEIGHT, FRAMES = 25.0, 320, 180, 250
SHA = "ab" * 32


def interaction(name: str, **values: Any) -> dict[str, Any]:
    """A kept interaction of road users 1 and 2 around second 5."""
    return {
        "interaction_id": name,
        "track_id_1": 1,
        "track_id_2": 2,
        "class_1": "car",
        "class_2": "person",
        "start_frame": 112,
        "end_frame": 137,
        "start_sec": 4.48,
        "end_sec": 5.48,
        "worst_frame": 125,
        "worst_sec": 5.0,
        "min_ttc_sec": 0.8,
        "ttc_low_sec": 0.6,
        "ttc_high_sec": 1.1,
        "pet_sec": 0.9,
        "max_drac": 4.2,
        "min_distance": 1.2,
        "speed_1": 8.9,
        "speed_2": 1.4,
        "conflict_type": "crossing",
        "conflict_angle_deg": 88.0,
        "vulnerable": True,
        "risk_score": 0.8,
        "score_low": 0.72,
        "score_high": 0.88,
        "risk_level": "High",
        "units": "m",
        **values,
    }


def candidate(name: str, by: str, **values: Any) -> dict[str, Any]:
    """A rejected candidate."""
    return {**interaction(name, **values), "filter": by, "reason": f"Rejected by {by}."}


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows as a table; the columns of a rejected candidate where there are none."""
    return pd.DataFrame(list(rows), columns=list(rows[0] if rows else candidate("r", "duration")))


def crossing_tracks(stride: int = 1, frames: int = FRAMES) -> pd.DataFrame:
    """Road user 1 drives to the right, 2 down; both are at the picture's middle in second 5."""
    rows = []
    for index in range(0, frames, stride):
        share = index / FRAMES
        for track_id, name, x, y, half in (
            (1, "car", share * WIDTH, HEIGHT / 2, (20, 12)),
            (2, "person", WIDTH / 2, share * HEIGHT, (6, 14)),
        ):
            box = (x - half[0], y - half[1], x + half[0], y + half[1])
            rows.append((index, index / FPS, track_id, name, *box))
    columns = ["frame_index", "timestamp_sec", "track_id", "class", "x1", "y1", "x2", "y2"]
    return pd.DataFrame(rows, columns=columns)


def write_video(path: Path, times: np.ndarray | None = None) -> Path:
    """Grey pictures that get lighter, with their times."""
    times = np.arange(FRAMES) / FPS if times is None else times
    with VideoWriter(path, FPS, WIDTH, HEIGHT) as writer:
        for index, time in enumerate(times):
            image = np.full((HEIGHT, WIDTH, 3), 40 + index * 160 // len(times), np.uint8)
            writer.write(image, float(time))
    return path
