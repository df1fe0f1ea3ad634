"""Every engine gives the reference's boxes, in order, and leaves nothing behind."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.files import sha256_of
from tasks.nearmiss.detection import detect_video
from tasks.nearmiss.detectors import YoloDetector
from tasks.nearmiss.detectors.yolo import decode
from tasks.nearmiss.engines import Letterbox, choose, make_engine
from tasks.nearmiss.engines.agreement import agreement, lowest_confidence
from tasks.nearmiss.engines.int8 import int8_model, model_files
from tasks.nearmiss.frames import sample_frames

IMGSZ, THRESHOLD = 640, 0.4
# One needs no scaling, the other scaling and padding.
CLIPS = ["crosswalk_intersection.mp4", "vtest.avi"]


@pytest.fixture(scope="module", params=CLIPS)
def pictures(request, videos):
    return sample_frames(videos / request.param, 4)


@pytest.fixture(scope="module")
def engine_of(weights_file, onnx_file):
    """A function that makes an engine for pictures, each once."""
    made = {}

    def engine(name, pictures):
        size = pictures[0].shape[:2]
        model = weights_file if name == "pytorch-fp32" else onnx_file
        if (name, size) not in made:
            made[name, size] = make_engine(name, model, size, IMGSZ)
        return made[name, size]

    return engine


def boxes_of(engine, pictures, threshold=THRESHOLD):
    return [decode(output, engine.letterbox, threshold) for output in engine.infer_ahead(pictures)]


@pytest.mark.parametrize("name", ["onnx-fp32", "openvino-fp32"])
def test_fp32_engines_give_the_boxes_of_pytorch(name, pictures, engine_of):
    reference = boxes_of(engine_of("pytorch-fp32", pictures), pictures)
    found = boxes_of(engine_of(name, pictures), pictures)
    assert sum(map(len, reference)) >= 15
    for theirs, ours in zip(reference, found, strict=True):
        assert ours.class_names() == theirs.class_names()
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.5)
        np.testing.assert_allclose(ours.confidences, theirs.confidences, atol=0.01)


def test_bf16_finds_the_same_road_users(videos, engine_of):
    if not choose.can_run("openvino-bf16"):
        pytest.skip("this CPU does not compute in bf16")
    many = sample_frames(videos / CLIPS[0], 12)
    both = [
        boxes_of(engine_of(name, many), many, lowest_confidence(THRESHOLD))
        for name in (choose.REFERENCE, "openvino-bf16")
    ]
    shares = agreement(*both, THRESHOLD)
    assert shares["found"]["n"] > 50
    assert min(way["share"] for way in shares.values()) >= choose.TOLERANCE
    differences = [abs(a.confidences[0] - b.confidences[0]) for a, b in zip(*both, strict=True)]
    assert max(differences) > 1e-4, "it computed in fp32"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx-int8", "openvino-int8"])
def test_int8_finds_the_same_road_users(name, videos, onnx_file, engine_of, tmp_path):
    clip = videos / CLIPS[0]
    many = sample_frames(clip, 24)
    letterbox = Letterbox.of(many[0].shape[:2], IMGSZ)
    export = tmp_path / onnx_file.name
    export.symlink_to(onnx_file)
    model = int8_model(name, export, lambda: many, letterbox, sha256_of(clip))
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(made) == {export, *model_files(model).values()}
    assert sum(path.stat().st_size for path in model_files(model).values()) < 5e6

    def not_again():
        raise AssertionError("it is calibrated again")

    assert int8_model(name, export, not_again, letterbox, sha256_of(clip)) == model
    engine = make_engine(name, model, letterbox.picture, IMGSZ)
    shares = agreement(
        boxes_of(engine_of(choose.REFERENCE, many), many, lowest_confidence(THRESHOLD)),
        boxes_of(engine, many, lowest_confidence(THRESHOLD)),
        THRESHOLD,
    )
    assert shares["found"]["n"] > 100
    assert min(way["share"] for way in shares.values()) >= choose.TOLERANCE


ENGINES = ["onnx-fp32", "openvino-fp32"]


@pytest.mark.parametrize("name", ENGINES)
def test_outputs_come_in_order(name, pictures, engine_of):
    engine = engine_of(name, pictures)
    mixed = [*pictures, *pictures[::-1]]
    outputs = list(engine.infer_ahead(mixed))
    assert len(outputs) == len(mixed)
    for picture, output in zip(mixed, outputs, strict=True):
        np.testing.assert_allclose(output, engine.infer(picture), atol=1e-3)
    assert list(engine.infer_ahead([])) == []


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("wrong", ["size", "source"])
def test_errors_come_out_and_no_thread_stays(name, wrong, videos, engine_of):
    pictures = sample_frames(videos / CLIPS[0], 2)
    engine = engine_of(name, pictures)

    def some_then_wrong():
        yield from pictures
        if wrong == "source":
            raise ValueError("the source broke")
        yield pictures[0][:-2]

    before = threading.active_count()
    outputs = engine.infer_ahead(some_then_wrong())
    with pytest.raises(ValueError, match="the source broke" if wrong == "source" else "agreed"):
        list(outputs)
    assert threading.active_count() == before
    assert len(list(engine.infer_ahead(pictures))) == 2, "it is of no more use"


@pytest.mark.parametrize("name", ENGINES)
def test_closing_early_takes_few_pictures_and_leaves_no_thread(name, videos, engine_of):
    pictures = sample_frames(videos / CLIPS[0], 2)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield pictures[0]

    engine = engine_of(name, pictures)
    before = threading.active_count()
    outputs = engine.infer_ahead(endless())
    next(outputs)
    outputs.close()
    assert threading.active_count() == before
    assert len(taken) < 20


@pytest.mark.parametrize("name", ENGINES)
def test_a_pass_over_a_video_is_the_same_picture_by_picture(name, videos, engine_of, tmp_path):
    clip = videos / "junction_cars_cyclist.mp4"
    first = sample_frames(clip, 1)
    detector = YoloDetector(lambda _: engine_of(name, first))
    passed = _pass_over(clip, detector, tmp_path, stride=9)
    from tasks.nearmiss.frames import FrameReader

    frames = [frame for frame in FrameReader(clip, 9) if frame.image is not None]
    alone = [detector.detect(frame.image, THRESHOLD) for frame in frames]
    assert passed["frame_index"].tolist() == [
        frame.index for frame, found in zip(frames, alone, strict=True) for _ in range(len(found))
    ]
    assert len(passed) > 5
    np.testing.assert_allclose(
        passed[["x1", "y1", "x2", "y2"]], np.vstack([found.boxes for found in alone]), atol=1e-3
    )


@pytest.mark.parametrize("name", ENGINES)
def test_an_error_in_the_pass_ends_it_whole(name, videos, engine_of, tmp_path):
    clip = videos / "junction_cars_cyclist.mp4"
    engine = engine_of(name, sample_frames(clip, 1))

    class Breaks:
        letterbox = engine.letterbox

        def infer_ahead(self, pictures):
            return engine.infer_ahead(self._broken(pictures))

        @staticmethod
        def _broken(pictures):
            for number, picture in enumerate(pictures):
                yield picture if number < 5 else picture[:10]

    before = threading.active_count()
    with pytest.raises(ValueError, match="agreed"):
        _pass_over(clip, YoloDetector(lambda _: Breaks()), tmp_path, stride=2)
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def _pass_over(clip: Path, detector: YoloDetector, folder: Path, stride: int) -> pd.DataFrame:
    detect_video(
        clip,
        detector,
        stride=stride,
        conf_threshold=THRESHOLD,
        fps=20,
        frames_expected=60,
        detections_file=folder / "d.parquet",
        frames_file=folder / "f.parquet",
    )
    return pd.read_parquet(folder / "d.parquet")


def test_a_name_that_is_none():
    with pytest.raises(ValueError, match="there is no engine onnx-fp16"):
        make_engine("onnx-fp16", Path("x.onnx"), (10, 10), IMGSZ)


QUIET = """
import sys
import tasks.nearmiss.engines.openvino
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, sys.modules["openvino_telemetry"], "torch" in sys.modules)
"""


def test_openvino_reports_to_nobody_and_needs_no_torch():
    said = subprocess.run(
        [sys.executable, "-c", QUIET], check=True, capture_output=True, text=True
    ).stdout
    assert said.split() == ["openvino.tools.ovc.telemetry_stub", "None", "False"]
