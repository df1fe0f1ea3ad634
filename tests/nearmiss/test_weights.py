"""Which weights are used, and what is said about them."""

import shutil
from pathlib import Path

import pytest

from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of
from tasks.nearmiss import weights
from tasks.nearmiss.classes import CLASSES, COCO_IDS
from tasks.nearmiss.weights import NoWeights, choose_detector, export_onnx, find_weights, known_name


def offline() -> Path:
    raise NoWeights("the download failed: offline")


@pytest.mark.parametrize(
    ("sha256", "known"),
    [
        ("31e20dde3def09e2cf938c7be6fe23d9150bbbe503982af13345706515f2ef95", True),
        ("f59b3d83" + "0" * 56, True),
        ("31e20dde" + "0" * 56, False),
        ("0" * 64, False),
    ],
)
def test_known_files(sha256, known):
    assert (known_name(sha256) is not None) is known


def test_the_known_file_brings_no_warning(weights_file):
    assert find_weights(weights_file) == (weights_file, [])


def test_another_file_only_where_it_is_named(tmp_path, monkeypatch):
    other = tmp_path / "yolov8n.pt"
    other.write_bytes(b"something else")
    path, (warning,) = find_weights(other)
    assert path == other
    assert "not one of the two known" in warning
    monkeypatch.setattr(weights, "find_model", lambda name: other)
    with pytest.raises(BadInput, match="name it with --weights"):
        find_weights(None)


def test_a_named_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        find_weights(tmp_path / "nowhere.pt")


@pytest.mark.parametrize("content", [b"", b"not weights at all"])
def test_a_file_that_is_no_weights(tmp_path, content):
    broken = tmp_path / "broken.pt"
    broken.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be loaded as YOLO weights"):
        export_onnx(broken)
    assert not list((weights.PROJECT_ROOT / "models").glob("broken-*"))


def test_auto_without_weights_is_motion_with_a_warning(monkeypatch):
    monkeypatch.setattr(weights, "find_model", lambda name: None)
    result = choose_detector("auto", None, offline)
    assert result.figures == {"detector": "motion"}
    (warning,) = result.warnings
    assert "Classes are guesses" in warning
    assert "offline" in warning


def test_yolo_without_weights_fails(monkeypatch):
    monkeypatch.setattr(weights, "find_model", lambda name: None)
    with pytest.raises(StageFailed, match="There are no YOLO weights"):
        choose_detector("yolo", None, offline)


def test_motion_looks_for_nothing():
    assert choose_detector("motion", None, offline).files == {}


def test_what_was_downloaded_is_used(weights_file, monkeypatch):
    monkeypatch.setattr(weights, "find_model", lambda name: None)
    result = choose_detector("auto", None, lambda: weights_file)
    assert result.figures["detector"] == "yolo"
    assert result.warnings == []
    assert result.files["onnx"].path.is_file()


def test_the_export_is_made_once(onnx_file, weights_file, tmp_path):
    """Its name is made of the weights' sha256, so a copy of the file finds it too."""
    assert sha256_of(weights_file)[:16] in onnx_file.name
    before = onnx_file.stat().st_mtime_ns
    copy = tmp_path / "yolov8n.pt"
    shutil.copy(weights_file, copy)
    assert export_onnx(copy) == onnx_file
    assert onnx_file.stat().st_mtime_ns == before


def test_classes_that_are_not_cocos_are_refused():
    """Number 2 of such a detector would be read as a car, whatever it is."""
    with pytest.raises(BadInput, match=r"3 classes \(car, bus, truck …\) are not the 80"):
        weights._refuse_other_classes(Path("own.pt"), {0: "car", 1: "bus", 2: "truck"})
    eighty = {number: str(number) for number in range(80)}
    with pytest.raises(BadInput, match="are not the 80 of COCO"):
        weights._refuse_other_classes(Path("own.pt"), eighty)
    weights._refuse_other_classes(
        Path("coco.pt"), eighty | {COCO_IDS[name]: name for name in CLASSES}
    )
