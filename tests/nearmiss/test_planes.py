"""Drawing on the planes of a video picture looks like drawing on the picture."""

import av
import numpy as np
import pytest

from tasks.nearmiss.drawing import BLUE, RED, draw_alert, draw_clock, draw_objects
from tasks.nearmiss.frames import to_image, to_planes
from tasks.nearmiss.planes import Planes, to_yuv

OBJECTS = [
    {"id": 3, "class": "car", "bbox": [60.4, 80.2, 180.7, 150.9]},
    {"id": 4, "class": "person", "bbox": [300, 90, 340, 200]},
    {"id": 5, "class": "bus", "bbox": [-20, -30, 50, 40]},
]


def frame_of(planes: Planes) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(planes.packed(), format="yuv420p")


def grey(height=240, width=426, value=120) -> av.VideoFrame:
    picture = np.full((height, width, 3), value, np.uint8)
    return av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")


def test_drawing_on_planes_equals_drawing_on_the_picture():
    planes, picture = to_planes(grey()), to_image(grey())
    for image in (planes, picture):
        draw_objects(image, OBJECTS, alarmed=[4])
        draw_alert(image, "High")
        draw_clock(image, 12, 3.4)
    drawn = to_image(frame_of(planes)).astype(int)
    difference = np.abs(drawn - picture)
    # Colour has half the sharpness; what differs are the edges of thin strokes.
    assert difference.mean() < 3
    assert np.median(difference) <= 1
    letters = (picture[:80] == RED).all(axis=2)
    red = (drawn[:80, :, 2] > 150) & (drawn[:80, :, :2].max(axis=2) < 110)
    assert letters.sum() > 500
    assert red[letters].mean() > 0.9, "the colour is not where the letters are"


def test_a_text_over_the_border_is_cut():
    planes = to_planes(grey())
    for at in ((-30, 20), (420, 60), (50, -3), (60, 239), (900, 900)):
        planes.text("#12 car", at, 0, 1.0, (255, 255, 255), 2)
    assert planes.y[:, :40].max() > 200
    assert planes.y[:, -6:].max() > 200
    assert planes.y[230:, 60:120].max() > 200


@pytest.mark.parametrize("color", [BLUE, RED, (255, 255, 255), (0, 0, 0), (10, 200, 90)])
def test_colours_are_converted_as_the_library_does(color):
    picture = np.full((16, 16, 3), color, np.uint8)
    planes = to_planes(av.VideoFrame.from_ndarray(picture, format="bgr24"))
    expected = (planes.y[8, 8], planes.u[4, 4], planes.v[4, 4])
    np.testing.assert_allclose(to_yuv(color), np.array(expected, int), atol=1)


def test_turned_planes_equal_the_turned_picture():
    noise = np.random.default_rng(0).integers(0, 255, (8, 12, 3)).astype(np.uint8)
    smooth = np.kron(noise, np.ones((8, 8, 1), np.uint8))
    planes = to_planes(av.VideoFrame.from_ndarray(smooth, format="bgr24"))
    turned = to_image(frame_of(planes.turned(1)))
    upright = np.rot90(to_image(frame_of(planes)))
    assert turned.shape == (96, 64, 3)
    # Where colours meet, the conversion mixes neighbours in another order.
    assert np.abs(turned.astype(int) - upright).mean() < 6
