"""What a candidate keeps is counted against the reference, by every preset."""

import pytest
from nearmiss_clip import make_clip

from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.interactions_kept import (
    REFERENCE,
    Candidate,
    interactions_kept,
    ways_to_judge,
)
from tasks.nearmiss.detectors import MotionDetector
from tasks.nearmiss.ingest import probe

SAME, BLIND = Candidate("openvino-fp32", 1), Candidate("openvino-int8", 2)


class Blind(MotionDetector):
    """Finds nothing."""

    def detect(self, image, conf_threshold):
        return super().detect(image, conf_threshold=2.0)


class Detectors:
    """The reference sees what moves, and so does one candidate."""

    def get(self, configuration, clip):
        sees = configuration.engine in (REFERENCE.engine, SAME.engine)
        return MotionDetector() if sees else Blind()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    file = make_clip(tmp_path_factory.mktemp("kept") / "crossing.mp4")
    clip = Clip(file.name, file, probe(file))
    return interactions_kept([clip], Detectors(), [SAME, BLIND]).set_index("engine")


@pytest.mark.parametrize(("fps", "stride"), [(10.0, 1), (25.0, 2)])
def test_the_default_stride_is_that_of_each_clip(tmp_path, fps, stride):
    file = make_clip(tmp_path / "clip.mp4", fps=fps)
    clip = Clip(file.name, file, probe(file))
    assert Candidate("onnx-fp32", None).on(clip).stride == stride
    assert Candidate("onnx-fp32", 3).on(clip).stride == 3


def test_every_preset_judges_with_and_without_pairs_of_pedestrians(table):
    rows = table.loc[SAME.engine]
    assert len(rows) == len(ways_to_judge())
    assert set(map(tuple, rows[["preset", "pedestrian_pairs"]].to_numpy())) == {
        (settings.preset, settings.pedestrian_pairs) for settings in ways_to_judge()
    }


def test_the_same_finds_all_and_a_blind_one_nothing(table):
    some = table[table["reference"] > 0]
    assert len(some) >= 2, "a preset at least has an interaction"
    same, blind = some.loc[[SAME.engine]], some.loc[[BLIND.engine]]
    assert (same[["missed_%", "extra_%"]] == 0).all(axis=None)
    assert (same["own"] == same["reference"]).all()
    assert (blind["missed_%"] == 100).all()
    assert (blind["own"] == 0).all()
    assert blind["extra_%"].isna().all(), "no share of nothing"
