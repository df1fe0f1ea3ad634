"""YOLO weights: found, checked by their sha256, and exported to ONNX once."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks import torchvision_repair
from tasks.errors import BadInput, StageFailed
from tasks.files import sha256_of, whole_or_nothing
from tasks.locate import PROJECT_ROOT, find_model
from tasks.nearmiss.classes import CLASSES, COCO_IDS
from tasks.pointers import FilePointer, StageResult

COCO_CLASSES = 80
DEFAULT_WEIGHTS = "yolov8n.pt"
KNOWN_SHA256 = {
    "31e20dde3def09e2cf938c7be6fe23d9150bbbe503982af13345706515f2ef95": "YOLOv8n of 2022",
}
# The newer release of the same name is known by the beginning of its sha256.
KNOWN_PREFIX = {"f59b3d83": "YOLOv8n, newer release"}


class NoWeights(Exception):
    """No weights are on this machine and none can be downloaded."""


def known_name(sha256: str) -> str | None:
    """What a weights file is, by its sha256; None for a file we do not know."""
    by_prefix = (name for prefix, name in KNOWN_PREFIX.items() if sha256.startswith(prefix))
    return KNOWN_SHA256.get(sha256) or next(by_prefix, None)


def find_weights(named: Path | None) -> tuple[Path, list[str]]:
    """The weights to use, and warnings about them.

    Args:
        named: file that the configuration names; None looks for YOLOv8n in the model folders.

    Raises:
        BadInput: the named file does not exist.
        NoWeights: none named and none found.
    """
    if named is not None:
        path = named.expanduser()
        if not path.is_file():
            raise BadInput(f"--weights {named}: there is no such file.")
        if known_name(sha256_of(path)):
            return path, []
        return path, [f"The weights {path.name} are not one of the two known YOLOv8n files."]
    path = find_model(DEFAULT_WEIGHTS)
    if path is None:
        raise NoWeights(f"{DEFAULT_WEIGHTS} is in none of the model folders")
    if not known_name(sha256_of(path)):
        raise BadInput(
            f"{path}: its content is not a known {DEFAULT_WEIGHTS}; "
            "name it with --weights to use it all the same."
        )
    return path, []


def choose_detector(detector: str, named: Path | None, download: Callable[[], Path]) -> StageResult:
    """The detector to use and, for YOLO, its exported model.

    Args:
        detector: "auto", "yolo" or "motion".
        named: weights that the configuration names.
        download: gets the default weights, or raises NoWeights.

    Raises:
        BadInput: the named weights cannot be used.
        StageFailed: YOLO is asked for and no weights can be had.
    """
    if detector == "motion":
        return StageResult(figures={"detector": "motion"})
    try:
        weights, warnings = find_or_download(named, download)
    except NoWeights as error:
        if detector == "yolo":
            raise StageFailed(
                f"There are no YOLO weights: {error}. Put {DEFAULT_WEIGHTS} into models/, name a "
                "file with --weights, or use --detector motion."
            ) from error
        return StageResult(
            figures={"detector": "motion"},
            warnings=[
                f"Classes are guesses: there are no YOLO weights ({error}), so road users were "
                "found by background subtraction. Put yolov8n.pt into models/ for real classes."
            ],
        )
    files = {
        "weights": FilePointer.to(weights),
        "onnx": FilePointer.to(export_onnx(weights)),
    }
    figures = {"detector": "yolo", "weights": known_name(files["weights"].sha256)}
    return StageResult(files=files, figures=figures, warnings=warnings)


def find_or_download(named: Path | None, download: Callable[[], Path]) -> tuple[Path, list[str]]:
    """The weights to use and warnings about them, downloaded where they are not found."""
    try:
        return find_weights(named)
    except NoWeights:
        return download(), []


def download_weights() -> Path:
    """Get YOLOv8n from its vendor into the project's models folder.

    Raises:
        NoWeights: the download failed, or brought something else.
    """
    target = PROJECT_ROOT / "models" / DEFAULT_WEIGHTS
    target.parent.mkdir(exist_ok=True)
    torchvision_repair.repair()
    from ultralytics.utils.downloads import attempt_download_asset

    with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as folder:
        downloaded = Path(folder) / DEFAULT_WEIGHTS
        try:
            attempt_download_asset(downloaded)
        except (OSError, RuntimeError) as error:
            raise NoWeights(f"the download failed: {' '.join(str(error).split())}") from error
        if not known_name(sha256_of(downloaded)):
            raise NoWeights("the download is not a known YOLOv8n file")
        downloaded.replace(target)
    return target


def export_onnx(weights: Path) -> Path:
    """The ONNX export of a weights file, made once and kept by the weights' sha256.

    Its picture size is free, so that a wide video needs no square input.

    Raises:
        BadInput: the file is not a YOLO detector of COCO's 80 classes.
    """
    sha256 = sha256_of(weights)
    target = PROJECT_ROOT / "models" / f"{weights.stem}-{sha256[:16]}.onnx"
    if target.is_file():
        return target
    torchvision_repair.repair()
    from ultralytics import YOLO

    with whole_or_nothing(target) as temporary:
        try:
            model = YOLO(str(weights), task="detect").model.fuse().eval()
        except Exception as error:
            raise BadInput(f"{weights}: cannot be loaded as YOLO weights ({error}).") from error
        _refuse_other_classes(weights, model.names)
        _export(model, temporary)
    return target


def _refuse_other_classes(weights: Path, names: Mapping[int, str]) -> None:
    """Raise BadInput for a detector whose numbers of classes mean something else than COCO's."""
    if len(names) != COCO_CLASSES or any(names.get(COCO_IDS[name]) != name for name in CLASSES):
        some = ", ".join(list(names.values())[:5])
        raise BadInput(
            f"{weights}: its {len(names)} classes ({some} …) are not the {COCO_CLASSES} of COCO, "
            "whose numbers the detections are read by; name weights that were trained on COCO."
        )


def _export(model, target: Path) -> None:
    import torch

    model.float()
    head = model.model[-1]
    head.export, head.dynamic, head.format = True, True, "onnx"
    free = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 384, 640),
        str(target),
        input_names=["images"],
        output_names=["output0"],
        dynamic_axes={"images": free, "output0": {0: "batch", 2: "anchors"}},
        opset_version=17,
        dynamo=False,
    )
