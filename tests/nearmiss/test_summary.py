"""What a reader has to know first."""

import pytest

from tasks.nearmiss.summary import detection_warnings


@pytest.mark.parametrize(
    ("fps", "stride", "warns"), [(10, 2, True), (25, 4, True), (25, 2, False), (5, 1, False)]
)
def test_too_few_frames_a_second_are_warned_of(fps, stride, warns):
    frames = 40 * fps
    metadata = {"frames": frames, "fps": fps, "duration_sec": 40}
    camera = {"moving": False}
    figures = {"frames": frames, "processed_frames": frames // stride, "camera": camera}
    found = detection_warnings(metadata, figures)
    assert len(found) == warns
    if warns:
        assert f"Only {fps / stride:.1f} of {fps:.1f} frames a second" in found[0]
        assert "--stride" in found[0]
