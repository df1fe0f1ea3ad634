"""Tracks and cameras that the tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tasks.nearmiss.interactions.plane import Plane, project_cuboids

PICTURE = (1280, 720)


def camera(height: float = 8.0, tilt_deg: float = 28.0, focal: float = 900.0) -> np.ndarray:
    """3 x 4 camera above the origin that looks along y."""
    sine, cosine = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    rotation = np.array([[1, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])
    lens = np.array([[focal, 0, 640], [0, focal, 360], [0, 0, 1.0]])
    return lens @ np.column_stack([rotation, -rotation @ [0, 0, height]])


@pytest.fixture
def matrix():
    return camera()


@pytest.fixture
def tilted():
    """The camera of `matrix` at another tilt in degrees."""
    return lambda tilt_deg: camera(tilt_deg=tilt_deg)


@pytest.fixture
def plane(matrix):
    return Plane.of_ground(np.linalg.inv(matrix[:, [0, 1, 3]]), PICTURE)


@pytest.fixture
def boxes_of(matrix):
    """Box tracks of road users that drive straight: (class, start, velocity, size) each."""

    def make(*users, fps=25.0, seconds=4.0, jitter=0.0, seed=0):
        times = np.arange(0, seconds, 1 / fps)
        rng = np.random.default_rng(seed)
        parts = []
        for number, (name, start, velocity, size) in enumerate(users, start=1):
            places = np.array(start) + times[:, None] * np.array(velocity)
            speed = np.hypot(*velocity)
            heading = np.array(velocity) / speed if speed else np.array([1.0, 0.0])
            boxes = project_cuboids(matrix, places, np.tile(heading, (len(times), 1)), size)
            boxes = boxes + jitter * rng.standard_normal(boxes.shape)
            table = pd.DataFrame(boxes, columns=["x1", "y1", "x2", "y2"])
            table[["x1", "x2"]] = table[["x1", "x2"]].clip(0, PICTURE[0])
            table[["y1", "y2"]] = table[["y1", "y2"]].clip(0, PICTURE[1])
            table["frame_index"] = np.arange(len(times))
            table["timestamp_sec"] = times
            table["track_id"], table["class"], table["confidence"] = number, name, 0.9
            inside = (table["x2"] - table["x1"] > 8) & (table["y2"] - table["y1"] > 8)
            parts.append(table[inside])
        return pd.concat(parts, ignore_index=True)

    return make


@pytest.fixture
def points_of():
    """Tracks in metres of road users with a function of time each: (class, t -> x, y)."""

    def make(*users, fps=25.0, seconds=6.0, jitter=0.0, seed=0):
        times = np.arange(0, seconds, 1 / fps)
        rng = np.random.default_rng(seed)
        parts = []
        for number, (name, path) in enumerate(users, start=1):
            x, y = path(times)
            places = np.column_stack(np.broadcast_arrays(x, y, times))[:, :2]
            places = places + jitter * rng.standard_normal(places.shape)
            parts.append(
                pd.DataFrame(
                    {
                        "frame_index": np.arange(len(times)),
                        "timestamp_sec": times,
                        "track_id": number,
                        "class": name,
                        "x": places[:, 0],
                        "y": places[:, 1],
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    return make
