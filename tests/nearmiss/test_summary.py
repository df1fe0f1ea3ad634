"""What a reader has to know first."""

import pytest

from tasks.nearmiss.summary import detection_warnings, watched_verdict


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


def test_a_watch_is_told_by_its_counts_and_its_rate():
    found = {"events": 3, "High": 1, "Medium": 0, "Low": 2, "interactions": 2, "road_users": 9}
    told = watched_verdict(found, 1800)
    assert "3 near-miss events: 1 High, 0 Medium, 2 Low." in told
    # Garwood's interval of a count of 2 is 0.242 to 7.225.
    assert "2 interactions: 4.0 an hour (95 % interval 0.5 to 14.4)." in told
