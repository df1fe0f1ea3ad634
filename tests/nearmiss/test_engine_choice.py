"""Agreement counts what it says, and the choice follows it and is remembered."""

import json
from dataclasses import replace

import numpy as np
import pytest
from videos import make_clip

from tasks.errors import BadInput
from tasks.nearmiss.classes import CLASSES
from tasks.nearmiss.detectors import Detections
from tasks.nearmiss.engines import choose
from tasks.nearmiss.engines.agreement import agreement, iou
from tasks.nearmiss.summary import engine_rows, engine_verdict, engine_warnings
from tasks.pointers import FilePointer

BOX = (10, 10, 50, 110)


def found(*objects):
    """Detections of (class, confidence, box)."""
    names, confidences, boxes = zip(*objects, strict=True) if objects else ((), (), ())
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidences, np.float32),
        np.array([CLASSES.index(name) for name in names], np.int64),
    )


def shares(reference, candidate):
    result = agreement([reference], [candidate], 0.4)
    return tuple((result[way]["share"], result[way]["n"]) for way in ("found", "real"))


CAR = ("car", 0.8, BOX)
FAR = ("car", 0.8, (210, 10, 250, 110))


@pytest.mark.parametrize(
    ("reference", "candidate", "expected"),
    [
        ([CAR, FAR], [CAR, FAR], ((1, 2), (1, 2))),
        ([CAR, FAR], [CAR], ((0.5, 2), (1, 1))),
        ([CAR], [CAR, FAR], ((1, 1), (0.5, 2))),
        # A truck is a vehicle as well, a person is none.
        ([CAR], [("truck", 0.8, BOX)], ((1, 1), (1, 1))),
        ([CAR], [("person", 0.8, BOX)], ((0, 1), (0, 1))),
        # Near the threshold a box may come or go, but not fall out of the margin.
        ([("car", 0.42, BOX)], [], ((None, 0), (None, 0))),
        ([("car", 0.46, BOX)], [("car", 0.36, BOX)], ((1, 1), (None, 0))),
        ([("car", 0.46, BOX)], [], ((0, 1), (None, 0))),
        # One box of the other side cannot stand for two.
        ([CAR, CAR], [CAR], ((0.5, 2), (1, 1))),
        # Half a box beside it is another place: IoU 1/3.
        ([CAR], [("car", 0.8, (30, 10, 70, 110))], ((0, 1), (0, 1))),
        ([], [], ((None, 0), (None, 0))),
    ],
)
def test_agreement(reference, candidate, expected):
    assert shares(found(*reference), found(*candidate)) == expected


def test_as_many_as_possible_are_matched():
    """The best single overlap must not take the only partner of another box."""
    low, middle, high = (("car", 0.8, (0, 0 + y, 100, 100 + y)) for y in (0, 20, 40))
    # high overlaps middle only (IoU 0.67); low overlaps both of the other side.
    near = ("car", 0.8, (0, -20, 100, 80))
    assert shares(found(low, high), found(middle, near)) == ((1, 2), (1, 2))


def test_the_interval_is_wilsons():
    """Worked by hand: 10 of 10 with z = 1.96 has the lower bound n / (n + z2) = 0.722."""
    one = found(CAR)
    found_share = agreement([one] * 10, [one] * 10, 0.4)["found"]
    assert found_share == {"share": 1.0, "n": 10, "low": 0.7225, "high": 1.0}


def test_iou_of_nothing_and_of_a_third():
    boxes = np.array([BOX], float)
    assert iou(boxes, np.array([[30, 10, 70, 110]]))[0, 0] == pytest.approx(1 / 3)
    assert iou(boxes, np.empty((0, 4))).shape == (1, 0)


def row(engine, ms, found_share=1.0, real_share=1.0, n=100):
    ways = {"found": found_share, "real": real_share}
    return {
        "engine": engine,
        "ms": ms,
        "ms_lowest": ms,
        "ms_highest": ms,
        "cpu_ms": 2 * ms,
        "passes": 5,
        "pictures_a_pass": 8,
        "agreement": {
            way: {"share": share if n else None, "n": n, "low": share, "high": share}
            for way, share in ways.items()
        },
    }


@pytest.mark.parametrize(
    ("rows", "expected", "settled", "verdict"),
    [
        ([row("onnx-fp32", 30), row("openvino-fp32", 20)], "openvino-fp32", True, "agrees"),
        ([row("onnx-fp32", 20), row("openvino-fp32", 30)], "onnx-fp32", True, "agrees"),
        ([row("onnx-fp32", 30), row("openvino-bf16", 9)], "openvino-bf16", True, "agrees"),
        (
            [row("onnx-fp32", 30), row("openvino-bf16", 9, found_share=0.96)],
            "onnx-fp32",
            True,
            "rejected: 96.0 % found, below 97 %",
        ),
        (
            [row("onnx-fp32", 30), row("openvino-bf16", 9, real_share=0.5)],
            "onnx-fp32",
            True,
            "rejected: 50.0 % real, below 97 %",
        ),
        (
            [row("onnx-fp32", 30, n=0), row("openvino-bf16", 9, n=0)],
            "onnx-fp32",
            False,
            "not judged: fewer than 20 boxes to compare",
        ),
        ([row("onnx-fp32", 3, n=0), row("openvino-fp32", 2, n=0)], "openvino-fp32", True, "agrees"),
        ([row("onnx-fp32", 30), row("openvino-fp32", 9, real_share=0.9)], "onnx-fp32", True, "rej"),
    ],
)  # fmt: skip
def test_the_fastest_that_agrees_is_taken(rows, expected, settled, verdict):
    assert choose.pick(rows, choose.AUTO) == (expected, settled)
    assert rows[-1]["verdict"].startswith(verdict)


def test_a_named_engine_is_used_with_a_warning_where_it_disagrees():
    rows = [row("onnx-fp32", 30), row("openvino-int8", 9, found_share=0.9)]
    engine, settled = choose.pick(rows, "openvino-int8")
    assert (engine, settled) == ("openvino-int8", True)
    rows = [item | {"chosen": item["engine"] == engine} for item in rows]
    figures = {"engine": engine, "measured": rows}
    (warning,) = engine_warnings(figures)
    assert "rejected: 90.0 % found" in warning
    assert (
        engine_verdict(figures) == "openvino-int8: 9 ms a frame at best, where onnx-fp32 takes 30."
    )
    assert [line["verdict"] for line in engine_rows(figures)] == ["agrees", "chosen"]


@pytest.fixture
def clip(weights_file, onnx_file, made_scene_file, monkeypatch):
    monkeypatch.setattr(choose, "PICTURES", 8)
    monkeypatch.setattr(choose, "TIMED_PICTURES", 2)
    monkeypatch.setattr(choose, "PASSES", 2)
    return choose.Clip(
        weights=FilePointer.to(weights_file),
        onnx=FilePointer.to(onnx_file),
        video=FilePointer.to(made_scene_file),
        calibration=FilePointer.to(made_scene_file),
        picture_size=(720, 1280),
        imgsz=320,
        conf_threshold=0.3,
    )


def test_the_choice_is_measured_once(clip, onnx_file, tmp_path, monkeypatch):
    first = choose.choose_engine("openvino-fp32", clip, tmp_path)
    assert first.measured_now
    assert first.engine == "openvino-fp32"
    assert first.files == {"model": onnx_file}
    assert [item["engine"] for item in first.rows] == ["onnx-fp32", "openvino-fp32"]
    for item in first.rows:
        assert 0 < item["ms_lowest"] <= item["ms"] <= item["ms_highest"]
        assert item["passes"] == 2
        assert item["agreement"]["found"]["share"] == item["agreement"]["real"]["share"] == 1
        assert item["agreement"]["found"]["n"] > 10

    (remembered,) = tmp_path.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(choose, "measure", None)  # it must not be called
        again = choose.choose_engine("openvino-fp32", clip, tmp_path)
    assert not again.measured_now
    assert again.rows == first.rows

    remembered.write_text(json.dumps(first.rows)[:50])
    assert choose.choose_engine("openvino-fp32", clip, tmp_path).measured_now


def test_what_a_choice_depends_on(clip):
    def key(asked="auto", able=("onnx-fp32",), threads=0, **changes):
        changed = choose.Clip(**{**vars(clip), **changes})
        return choose._key(asked, able, changed, threads)

    other = FilePointer(path="x", sha256="0" * 64, bytes=1)
    assert key() == key(video=other, calibration=other), "another clip is the same machine"
    int8 = key(asked="openvino-int8")
    assert int8 == key(asked="openvino-int8", video=other), "calibrated by the same video"
    changed = [
        key(),
        key(weights=other),
        key(imgsz=640),
        key(picture_size=(360, 640)),
        key(conf_threshold=0.5),
        key(threads=1),
        key(able=("onnx-fp32", "openvino-bf16")),
        int8,
        key(asked="openvino-int8", calibration=other),
    ]
    assert len(set(changed)) == len(changed)


def test_engines_are_compared_on_frames_that_int8_was_not_calibrated_with(clip):
    calibrated, compared = clip.calibration_pictures(), clip.pictures
    assert len(calibrated) == len(compared) == choose.PICTURES
    assert not any(np.array_equal(one, other) for one in calibrated for other in compared), (
        "the made scene never stands still"
    )


def test_a_single_frame_calibrates_too(clip, tmp_path):
    one = make_clip(tmp_path / "one.mp4", frames=1)
    still = replace(clip, calibration=FilePointer.to(one))
    assert [picture.shape for picture in still.calibration_pictures()] == [(720, 1280, 3)]


def test_a_calibration_video_serves_clips_of_another_size(clip, tmp_path, monkeypatch):
    """Its frames are fitted to the clip's, and the model is named by it, not by the clip."""
    other = make_clip(tmp_path / "other.mp4", frames=30)
    asked = {}

    def note(name, onnx, pictures, letterbox, calibration_sha256):
        asked[calibration_sha256] = {picture.shape for picture in pictures()}
        return onnx

    monkeypatch.setattr(choose, "int8_model", note)
    calibrated = replace(clip, calibration=FilePointer.to(other))
    assert calibrated.model("openvino-int8") == clip.onnx.path
    assert asked == {FilePointer.to(other).sha256: {(720, 1280, 3)}}


def test_bf16_where_the_cpu_has_none(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(choose, "can_run", lambda name: name != "openvino-bf16")
    with pytest.raises(BadInput, match="this CPU does not compute in bf16"):
        choose.choose_engine("openvino-bf16", clip, tmp_path)
