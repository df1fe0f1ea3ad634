"""One picture, a whole video, and the reference: all give the same boxes."""

import numpy as np
import pandas as pd
import pytest
from trackers.eval import box_iou

from tasks import torchvision_repair
from tasks.nearmiss.classes import CLASSES, category_of
from tasks.nearmiss.detection import by_frame, detect_objects, detect_video
from tasks.nearmiss.detectors import MotionDetector, make_detector
from tasks.nearmiss.detectors.motion import guess_class
from tasks.nearmiss.detectors.yolo import suppress
from tasks.nearmiss.encode import VideoWriter
from tasks.nearmiss.engines import Letterbox
from tasks.nearmiss.frames import FrameReader

BOX = ["x1", "y1", "x2", "y2"]


@pytest.fixture(scope="module")
def yolo(onnx_file):
    return make_detector("yolo", onnx_file, imgsz=640)


def detect(video, detector, folder, stride=2, conf_threshold=0.4):
    files = {"detections_file": folder / "d.parquet", "frames_file": folder / "f.parquet"}
    summary = detect_video(
        video,
        detector,
        stride=stride,
        conf_threshold=conf_threshold,
        fps=25,
        frames_expected=150,
        **files,
    )
    return summary, pd.read_parquet(files["detections_file"]), pd.read_parquet(files["frames_file"])


@pytest.fixture(scope="module")
def pass_over_scene(yolo, made_scene_file, tmp_path_factory):
    return detect(made_scene_file, yolo, tmp_path_factory.mktemp("detect"), stride=10)


def test_objects_have_the_promised_form(yolo, made_scene_file):
    frame = next(frame for frame in FrameReader(made_scene_file) if frame.index == 70)
    objects = detect_objects(frame.image, yolo, conf_threshold=0.4)
    assert [item["class"] for item in objects].count("bus") == 1
    assert [item["class"] for item in objects].count("person") == 3
    for item in objects:
        x1, y1, x2, y2 = item["bbox"]
        assert item["id"] is None
        assert item["center"] == ((x1 + x2) / 2, (y1 + y2) / 2)
        assert 0 <= x1 < x2 <= 1280
        assert 0 <= y1 < y2 <= 720
        assert 0.4 <= item["confidence"] <= 1
        assert item["category"] == ("pedestrian" if item["class"] == "person" else "vehicle")
    confidences = [item["confidence"] for item in objects]
    assert confidences == sorted(confidences, reverse=True)


def test_the_threshold_is_kept(yolo, made_scene_file):
    frame = next(iter(FrameReader(made_scene_file)))
    many = detect_objects(frame.image, yolo, conf_threshold=0.3)
    limit = (many[0]["confidence"] + many[-1]["confidence"]) / 2
    few = detect_objects(frame.image, yolo, conf_threshold=limit)
    assert 1 <= len(few) < len(many)
    assert all(item["confidence"] >= limit for item in few)


def test_the_pipeline_gives_the_boxes_of_detect_objects(yolo, made_scene_file, pass_over_scene):
    _, table, frames = pass_over_scene
    compared = 0
    for frame in FrameReader(made_scene_file, stride=10):
        rows = table[table["frame_index"] == frame.index]
        if frame.image is None:
            assert rows.empty
            continue
        objects = detect_objects(frame.image, yolo, conf_threshold=0.4)
        assert rows["class"].tolist() == [item["class"] for item in objects]
        np.testing.assert_allclose(
            rows[BOX].to_numpy(), [item["bbox"] for item in objects], atol=1e-3
        )
        compared += len(objects)
    assert compared > 40
    assert frames["frame_index"].tolist() == list(range(150))
    assert frames["processed"].sum() == 15


def test_onnx_gives_the_boxes_of_the_reference(yolo, made_scene_file, weights_file):
    torchvision_repair.repair()
    from ultralytics import YOLO

    reference = YOLO(str(weights_file))
    compared = 0
    for frame in FrameReader(made_scene_file, stride=50):
        if frame.image is None:
            continue
        ours = detect_objects(frame.image, yolo, 0.4)
        theirs = detect_objects(frame.image, reference, 0.4)
        assert [item["class"] for item in ours] == [item["class"] for item in theirs]
        np.testing.assert_allclose(
            [item["bbox"] for item in ours], [item["bbox"] for item in theirs], atol=0.5
        )
        compared += len(ours)
    assert compared >= 9


def test_the_detector_sees_every_actor_of_the_made_scene(pass_over_scene):
    """In each processed frame in which an actor is whole inside the picture."""
    from tasks.nearmiss.sources.made_scene import ACTORS, HEIGHT, WIDTH

    _, table, frames = pass_over_scene
    expected = 0
    for row in frames[frames["processed"]].itertuples():
        found = table[table["frame_index"] == row.frame_index]
        for actor in ACTORS:
            x1, y1, x2, y2 = actor.box(row.timestamp_sec)
            if x1 < 0 or y1 < 0 or x2 > WIDTH or y2 > HEIGHT:
                continue
            expected += 1
            of_class = found.loc[found["class"] == actor.label, BOX].to_numpy(float)
            overlaps = box_iou(np.array([[x1, y1, x2, y2]]), of_class)
            assert overlaps.max() > 0.5, actor.name
    assert expected > 40


def test_the_summary_counts_and_times(pass_over_scene):
    summary, table, _ = pass_over_scene
    figures = summary.figures()
    assert figures["frames"] == 150
    assert figures["processed_frames"] == 15
    assert figures["frame_ms"]["n"] == 14
    assert (
        figures["detections_per_class"]
        == table["class"].value_counts()[sorted(figures["detections_per_class"])].to_dict()
    )
    assert len(summary.samples) == 10
    assert figures["camera"]["moving"] is False


def test_by_frame_also_gives_frames_without_detections(pass_over_scene):
    _, table, frames = pass_over_scene
    kept = table[table["frame_index"] != 50]
    walked = list(by_frame(frames, kept))
    assert [index for index, _, _ in walked] == list(range(0, 150, 10))
    assert dict((index, len(found)) for index, _, found in walked)[50] == 0
    assert sum(len(found) for _, _, found in walked) == len(kept)


@pytest.mark.parametrize(
    ("shape", "network"),
    [
        ((720, 1280), (384, 640)),
        ((640, 640), (640, 640)),
        ((352, 640), (352, 640)),
        ((1920, 1080), (640, 384)),
        ((48, 64), (480, 640)),
    ],
)
def test_letterbox_pads_only_up_to_the_stride(shape, network):
    letterbox = Letterbox.of(shape, 640)
    assert letterbox.network == network
    assert letterbox.planes(np.zeros((*shape, 3), np.uint8)).shape == (1, 3, *network)
    assert letterbox.scale == 640 / max(shape)


def test_a_van_counts_once_and_a_rider_keeps_the_bicycle():
    box = [10.0, 10.0, 100.0, 100.0]
    boxes = np.array([box] * 4, np.float32)
    confidences = np.array([0.5, 0.9, 0.8, 0.6], np.float32)
    names = ["car", "truck", "person", "bicycle"]
    class_ids = np.array([CLASSES.index(name) for name in names])
    kept = [names[index] for index in suppress(boxes, confidences, class_ids)]
    assert kept == ["truck", "person"]
    assert category_of("bicycle") == category_of("motorcycle") == "vehicle"


@pytest.fixture
def square_moves(tmp_path):
    """A tall and a wide square on a grey road, after two seconds in which nothing happens."""
    path = tmp_path / "squares.mp4"
    with VideoWriter(path, 25, 320, 240) as writer:
        for index in range(100):
            picture = np.full((240, 320, 3), 120, np.uint8)
            if index >= 50:
                x = 3 * (index - 50)
                picture[60:84, 20 + x : 60 + x] = 230
                picture[140:200, 280 - x : 302 - x] = 20
            writer.write(picture, index / 25)
    return path


def test_motion_finds_what_moves_and_guesses_its_class(square_moves, tmp_path):
    _, table, _ = detect(square_moves, MotionDetector(), tmp_path, stride=1)
    assert table["frame_index"].min() >= 50
    late = table[table["frame_index"] == 95].set_index("class")
    assert set(late.index) == {"person", "car"}
    car = late.loc["car", BOX].to_numpy(float)
    np.testing.assert_allclose(car, [155, 60, 195, 84], atol=6)
    assert table["confidence"].between(0.4, 1).all()


@pytest.mark.parametrize(
    ("width", "height", "share", "expected"),
    [(20, 60, 0.01, "person"), (60, 30, 0.01, "car"), (300, 200, 0.1, "truck")],
)
def test_guess_class(width, height, share, expected):
    assert guess_class(width, height, share) == expected


def test_nothing_detected_is_an_empty_table(tmp_path):
    path = tmp_path / "grey.mp4"
    with VideoWriter(path, 25, 64, 48) as writer:
        for index in range(5):
            writer.write(np.full((48, 64, 3), 99, np.uint8), index / 25)
    summary, table, frames = detect(path, MotionDetector(), tmp_path, stride=2)
    assert table.empty
    assert len(frames) == 5
    assert summary.figures()["camera"]["moving"] is None
