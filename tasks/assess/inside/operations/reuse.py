"""What the language model is made of, and which of it the image models are made of too."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np

from ..discovery import Framework, framework
from ..language import LanguageModel
from ..models import NotBuilt, built
from ..values import is_tensor_like, to_array

IMAGE_MODELS = ("mnist_mlp", "mnist_cnn", "cifar_cnn")


def component_reuse(submission: Path, params: dict[str, Any], arrays: dict) -> dict[str, Any]:
    """The classes that hold the language model's learnt arrays.

    Returns:
        `components`: for each class that holds arrays itself: its name, file, number of objects,
        learnt numbers, whether the image models have it too (`shared`), whether it lies in the
        language model's own file (`own_file`), what it is (`kind`), and the tensor class inside;
        `image_components`, `tensors` and `image_tensors`: names of classes; `models`: the image
        models that could be built.
    """
    student = framework(submission)
    try:
        language = LanguageModel(student, submission)
    except NotBuilt as reason:
        return reason.values
    image_classes: set[type] = set()
    image_tensors: set[str] = set()
    models = []
    for name in IMAGE_MODELS:
        try:
            model = built(student, submission, name, with_weights=False)
        except Exception:  # noqa: BLE001, S112  a model that cannot be built shares nothing
            continue
        models.append(name)
        for parameter in model.held:
            image_classes.add(type(parameter.owner))
            image_tensors.add(_tensor_name(parameter.get()))
    return {
        "found": True,
        "runs": True,
        "models": models,
        "components": _components(language, submission, image_classes),
        "image_components": sorted(cls.__name__ for cls in image_classes),
        "tensors": sorted({_tensor_name(p.get()) for p in language.model.held}),
        "image_tensors": sorted(image_tensors),
        "roles": _roles(student),
    }


def _components(
    language: LanguageModel, submission: Path, image_classes: set[type]
) -> list[dict[str, Any]]:
    """One entry a class that holds arrays of the language model directly."""
    network = language.model.network
    own_files = {_file(type(network)), language.model.file}
    entries: dict[type, dict[str, Any]] = {}
    counted: dict[type, set[int]] = {}
    for parameter in language.model.held:
        # A list of arrays belongs to nobody in particular: the model itself.
        cls = type(parameter.owner)
        cls = type(network) if cls in (list, dict, tuple) else cls
        file = _file(cls)
        entry = entries.setdefault(
            cls,
            {
                "name": cls.__name__,
                "file": _shown(file, submission),
                "numbers": 0,
                "shared": cls in image_classes,
                "own_file": file in own_files or not _is_inside(file, submission),
                "kind": "",
            },
        )
        entry["numbers"] += int(parameter.read().size)
        entry["kind"] = entry["kind"] or _kind(language, parameter)
        counted.setdefault(cls, set()).add(id(parameter.owner))
    return [entry | {"objects": len(counted[cls])} for cls, entry in entries.items()]


def _kind(language: LanguageModel, parameter: Any) -> str:
    """linear, embedding, or other: by what the component that holds a matrix does with it."""
    matrix = parameter.read()
    if matrix.ndim != 2:
        return ""
    layer = parameter.owner
    for kind, given in (
        ("linear", np.ones((1, matrix.shape[0]), np.float32)),
        ("linear", np.ones((1, matrix.shape[1]), np.float32)),
        ("embedding", np.zeros((1, 2), np.int64)),
    ):
        wanted = matrix.sum(0) if given.shape[-1] == matrix.shape[0] else matrix.sum(1)
        for cls in (language.cls, None):
            try:
                output = to_array(layer(language.student.wrap(given, cls)))
            except Exception:  # noqa: BLE001, S112  another kind of layer
                continue
            if kind == "embedding" and output.shape == (1, 2, matrix.shape[1]):
                return kind
            if kind == "linear" and output.shape == (1, len(wanted)):
                return kind
    return "other"


def _roles(student: Framework) -> dict[str, str]:
    """Which class is the framework's dense layer, tensor, optimizer and loss."""
    roles = ("tensor", "dense", "cross_entropy", "adam", "sgd")
    return {role: found.name for role in roles if (found := student.find(role)) is not None}


def _tensor_name(value: Any) -> str:
    return type(value).__name__ if is_tensor_like(value) else "array"


def _file(cls: type) -> Path:
    try:
        return Path(inspect.getfile(cls))
    except (TypeError, OSError):
        return Path("")


def _is_inside(file: Path, submission: Path) -> bool:
    return file.resolve().is_relative_to(submission.resolve())


def _shown(file: Path, submission: Path) -> str:
    inside = _is_inside(file, submission)
    return str(file.resolve().relative_to(submission.resolve())) if inside else file.name


OPERATIONS = {"component_reuse": component_reuse}
