from __future__ import annotations

import numpy as np
import pytest

from tasks.nearmiss.scenes.camera import Pinhole, box_corners
from tasks.nearmiss.scenes.language import Camera

CAMERAS = [
    {"height": 4, "tilt": 15, "fov_deg": 60},
    {"position": [3, -20], "height": 12, "tilt": 40, "pan": -35, "focal_px": 1100},
    {"position": [0, 0], "height": 20, "tilt": 90, "pan": 20, "fov_deg": 85},
]


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_homography_undoes_the_projection(camera):
    lens = Pinhole(Camera(**camera))
    ground = np.random.default_rng(0).uniform(-40, 40, (200, 2))
    pixels, depth = lens.project(np.column_stack([ground, np.zeros(200)]))
    ahead = depth > 0.5
    back = np.column_stack([pixels[ahead], np.ones(ahead.sum())]) @ lens.ground_homography().T
    assert ahead.sum() > 20
    assert np.allclose(back[:, :2] / back[:, 2:], ground[ahead], atol=1e-6)


def test_directions_in_the_picture():
    lens = Pinhole(Camera(height=5, tilt=30, fov_deg=60))
    pixels, _ = lens.project(np.array([[0, 10, 0], [2, 10, 0], [0, 10, 2], [0, 20, 0.0]]))
    centre, right, above, beyond = pixels
    assert centre[0] == pytest.approx(640)
    assert right[0] > centre[0]
    assert above[1] < centre[1]
    assert beyond[1] < centre[1]
    # tan(30) * 8.66 = 5: the ground there is the picture's middle.
    middle, _ = lens.project(np.array([0, 5 / np.tan(np.radians(30)), 0]))
    assert np.allclose(middle, [640, 360])


def test_pan_turns_right():
    lens = Pinhole(Camera(height=5, tilt=20, pan=90, fov_deg=60))
    pixels, depth = lens.project(np.array([10.0, 0, 0]))
    assert depth > 0
    assert pixels[0] == pytest.approx(640)


def test_visibility():
    lens = Pinhole(Camera(height=5, tilt=20, fov_deg=60))
    places = np.array([[0, 15], [0, -15], [30, 15], [0, 2000.0]])
    corners = box_corners(places, np.zeros(4), (4.4, 1.8), (0, 1.5))
    assert lens.visible(corners).tolist() == [True, False, False, False]


def test_what_may_hide_what():
    lens = Pinhole(Camera(position=(5.2, -14.3), height=8, tilt=28, fov_deg=80))
    bus = box_corners(np.array([[0, -3.0]]), np.zeros(1), (12.0, 2.55), (0, 3.1))
    # The bus's front is nearer to the lens than the person, who yet stands on its near side.
    person = box_corners(np.array([[-1, -6.3]]), np.zeros(1), (0.5, 0.5), (0, 1.75))
    assert not lens.may_hide(bus, person)[0]
    assert lens.may_hide(person, bus)[0]
