"""Whether the camera moves, told from the background."""

import cv2
import numpy as np
import pytest

from tasks.nearmiss.camera_motion import CameraMotion
from tasks.nearmiss.frames import FrameReader

rng = np.random.default_rng(3)
WALL = cv2.resize(rng.integers(0, 255, (120, 400, 3), np.uint8), (1600, 480))
NO_BOXES = np.empty((0, 4))


def watch(shift_px_per_sec: float, boxes=NO_BOXES, square=False) -> dict:
    camera = CameraMotion()
    for step in range(12):
        time = step * 0.5
        left = round(shift_px_per_sec * time)
        image = WALL[:, left : left + 640].copy()
        if square:
            x = 40 * step
            image[100:400, x : x + 200] = cv2.resize(WALL[:100, :100], (200, 300))[:, : 640 - x]
            boxes = np.array([[x, 100, x + 200, 400]])
        camera.add(time, image, boxes)
    return camera.figures()


@pytest.mark.parametrize(("shift", "moving"), [(0, False), (6, False), (30, True), (100, True)])
def test_the_background_s_speed_is_measured(shift, moving):
    figures = watch(shift)
    assert figures["n"] == 11
    assert figures["moving"] is moving
    assert figures["shift_share_per_sec"] == pytest.approx(shift / 640, abs=0.002)


def test_road_users_do_not_count():
    assert watch(0, square=True)["moving"] is False


def test_a_plain_picture_tells_nothing():
    camera = CameraMotion()
    for step in range(5):
        camera.add(step * 0.5, np.full((100, 200, 3), 99, np.uint8), NO_BOXES)
    assert camera.figures() == {"n": 0, "shift_share_per_sec": None, "moving": None}


@pytest.mark.parametrize(
    ("name", "moving"),
    [("dashcam_motorway.mp4", True), ("car-detection.mp4", False), ("suburban_road.mp4", False)],
)
def test_real_cameras(videos, name, moving):
    camera = CameraMotion()
    for frame in FrameReader(videos / name, stride=6):
        if frame.image is not None and frame.index < 300:
            camera.add(frame.time, frame.image, NO_BOXES)
    assert camera.figures()["moving"] is moving
