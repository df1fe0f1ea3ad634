"""The steps of the flow are timed one by one, whatever the length of the clip."""

from nearmiss_clip import make_clip

from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.stage_times import FRAMES_AT_ONCE, STEPS, time_steps
from tasks.nearmiss.detectors import MotionDetector
from tasks.nearmiss.ingest import probe


class OnlyMotion:
    """Gives the detector that needs no weights."""

    def get(self, configuration, clip):
        return MotionDetector()


def test_a_last_group_of_frames_in_which_none_is_processed(tmp_path):
    frames, stride = 2 * FRAMES_AT_ONCE + 1, 3
    assert (frames - 1) % stride, "the last frame would be processed"
    file = make_clip(tmp_path / "crossing.mp4", frames=frames)
    clip = Clip(file.name, file, probe(file))
    rows = time_steps([clip], Configuration("onnx-fp32", 640, stride), OnlyMotion(), 1)
    assert [row["step"] for row in rows] == list(STEPS)
    assert all(row["ms_a_frame"] > 0 for row in rows)
