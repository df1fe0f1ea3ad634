"""A pass of the benchmark goes through the steps of the near-miss flow."""

import pandas as pd
from nearmiss_clip import make_clip

from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.passes import find_near_misses
from tasks.nearmiss.detectors import MotionDetector
from tasks.nearmiss.ingest import probe


def test_threads_change_nothing_but_the_time(tmp_path):
    file = make_clip(tmp_path / "crossing.mp4")
    clip = Clip(file.name, file, probe(file))
    one, other = (
        find_near_misses(
            clip, Configuration("onnx-fp32", 640, 1, threads=threads), MotionDetector()
        )
        for threads in (False, True)
    )
    assert len(one.events) >= 1
    for name in ("detections", "tracks", "events", "interactions"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert one.rejected == other.rejected
