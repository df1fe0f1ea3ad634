"""Every how many frames one is used, where nobody says it."""

import pytest

from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.stride import FEW_A_SECOND, default_stride


@pytest.mark.parametrize(
    ("fps", "stride"),
    [(1, 1), (10, 1), (11.6, 1), (19.98, 1), (20, 2), (25, 2), (29.97, 2), (60, 2)],
)
def test_two_unless_too_few_frames_a_second_were_left(fps, stride):
    assert default_stride(fps) == stride
    assert stride == 1 or fps / stride >= FEW_A_SECOND


def test_what_is_set_stays():
    assert NearMissConfig(stride=5).at_rate(10).stride == 5
    assert NearMissConfig().at_rate(10).stride == 1
    assert NearMissConfig(stride=None, imgsz=320).at_rate(30) == NearMissConfig(stride=2, imgsz=320)
