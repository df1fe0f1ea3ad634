"""Whole models of the student's: predictions, parameters, gradients, saving, bad inputs."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..calling import gradients, run
from ..discovery import Framework, framework
from ..fitting import Fitting
from ..models import CLASSES, Model, NotBuilt, Predictor, built, functions, set_mode
from ..values import to_array

Arrays = dict[str, np.ndarray]
# The clock is taken before any of the student's code runs.
clock = time.perf_counter
SAVERS = ("save_checkpoint", "save_model", "save_weights", "save_parameters", "save")
LOADERS = ("load_checkpoint", "load_model", "load_weights", "load_parameters", "load")


def model_predict(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Scores of a model with its submitted weights.

    Args:
        params: `model`, `batch`, `seconds` after which no new batch is begun; `again`: whether
            the first batch is asked for once more at the end.
        arrays: `images`, float32 (n, channels, height, width) from 0 to 1.

    Returns:
        `scores` (m <= n, 10), and `again` where it was asked for.
    """
    student = framework(submission)
    try:
        model = built(student, submission, params["model"])
        predictor = Predictor(student, model, arrays["images"])
    except NotBuilt as reason:
        return reason.values
    start = clock()
    scores = predictor.scores(arrays["images"], params["batch"], params["seconds"])
    answer = {**_told(model, predictor), "scores": scores, "seconds": clock() - start}
    if params.get("again"):
        first = arrays["images"][: params["batch"]]
        answer["again"] = predictor.scores(first, params["batch"], params["seconds"])
    return answer


def model_parameters(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The shapes of a model's learnt arrays."""
    student = framework(submission)
    try:
        model = built(student, submission, params["model"], with_weights=False)
    except NotBuilt as reason:
        return reason.values
    held = model.parameters
    shapes = [list(parameter.read().shape) for parameter in held]
    return {"found": True, "loaded": True, "runs": True, "shapes": shapes}


def model_gradients(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Which parameters get a gradient, and which of them the output depends on.

    Args:
        arrays: `images`, and `upstream` of the output's shape.

    Returns:
        `paths`, and for each the greatest `gradient` (None where there is none) and the
        greatest change of the output (`effect`) when the parameter is moved by a tenth; `listed`:
        whether the model itself names it; `trained`: the paths that two steps of the student's own
        training move, None where there is no training yet.
    """
    student = framework(submission)
    images, upstream = arrays["images"], arrays["upstream"]
    try:
        predictor = Predictor(student, built(student, submission, params["model"]), images)
    except NotBuilt as reason:
        return reason.values
    if predictor.one_by_one:
        images, upstream = images[:1], upstream[:1]

    def make() -> "_OnImages":
        model = built(student, submission, params["model"])
        return _OnImages(model.network, predictor)

    got = gradients(student, make, predictor.shape(images), lambda shape: upstream.reshape(shape))
    answer = {**_told(predictor.model, predictor), **effects(predictor, images, got.parameters)}
    return answer | {"trained": _trained(student, submission, params["model"], images)}


def _trained(
    student: Framework, submission: Path, name: str, images: np.ndarray
) -> list[str] | None:
    model = built(student, submission, name)
    predictor = Predictor(student, model, images)
    before = [parameter.read() for parameter in model.held]
    targets = np.arange(len(images)) % CLASSES
    try:
        set_mode(model.network, training=True)
        fitting = Fitting(student, model.network, model.parameters, predictor.output, CLASSES)
        for _ in range(2):
            fitting.step(images, targets)
    except Exception:  # noqa: BLE001  training belongs to a later milestone
        return None
    return [
        parameter.path
        for parameter, kept in zip(model.held, before, strict=True)
        if not np.array_equal(parameter.read(), kept)
    ]


def effects(predictor: Any, given: Any, received: dict[str, np.ndarray | None]) -> dict[str, list]:
    """Each array's greatest gradient, and how far moving it moves the output.

    Args:
        received: by path in an object that holds the network as `network`.
    """
    before = to_array(predictor.output(given))
    named = {parameter.path for parameter in predictor.model.parameters}
    paths, shapes, greatest, moved = [], [], [], []
    for parameter in predictor.model.held:
        gradient = received.get(f"network.{parameter.path}")
        kept = parameter.read()
        noise = np.random.default_rng(0).standard_normal(kept.shape)
        parameter.write(kept + 0.1 * noise)
        after = to_array(predictor.output(given))
        parameter.write(kept)
        paths.append(parameter.path)
        shapes.append(list(kept.shape))
        greatest.append(None if gradient is None else _greatest(gradient))
        moved.append(_greatest(after - before))
    listed = [path in named for path in paths]
    told = {"paths": paths, "shapes": shapes, "gradients": greatest, "effects": moved}
    return told | {"listed": listed}


def _greatest(values: np.ndarray) -> float | str:
    """The greatest size; a word where it is no number, which JSON could not hold."""
    greatest = float(np.abs(values).max(initial=0.0))
    return greatest if np.isfinite(greatest) else "not finite"


class _OnImages:
    """The network behind the submission's own preprocessing, for `calling.gradients`."""

    def __init__(self, network: Any, predictor: Predictor) -> None:
        self.network = network
        self._preprocess = (predictor.model.preprocess,)

    def __call__(self, images: Any) -> Any:
        preprocess = self._preprocess[0]
        return run(self.network, images if preprocess is None else preprocess(images))

    def backward(self, *gradient: Any) -> Any:
        return self.network.backward(*gradient)


def model_checkpoint(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Saves a model in the student's own way and loads it into a fresh one with other weights.

    Returns:
        `before`, `spoilt` (the fresh model's) and `after` (n, 10), and `how` it was done.
    """
    student = framework(submission)
    images = arrays["images"]
    try:
        model = built(student, submission, params["model"])
        before = Predictor(student, model, images).scores(images, len(images), 60.0)
        problems: list[str] = []
        for how, save, load in _ways(student):
            with tempfile.TemporaryDirectory() as folder:
                fresh = built(student, submission, params["model"], with_weights=False)
                _spoil(fresh)
                predictor = Predictor(student, fresh, images)
                spoilt = predictor.scores(images, len(images), 60.0)
                path = str(Path(folder) / "model.npz")
                try:
                    kept = save(model.network, path)
                    loaded = load(fresh.network, path, kept)
                except Exception as error:  # noqa: BLE001  the next way may be the student's
                    line = f"{how}: {type(error).__name__}: {error}"
                    problems.append(" ".join(line.split())[:200])
                    continue
            if loaded is not None and type(loaded) is type(fresh.network):
                fresh.network = loaded
            set_mode(fresh.network, training=False)
            after = predictor.scores(images, len(images), 60.0)
            told = _told(model, predictor)
            return {**told, "how": how, "before": before, "spoilt": spoilt, "after": after}
    except NotBuilt as reason:
        return reason.values
    return {"found": True, "loaded": True, "runs": True, "how": "", "problems": problems[:4]}


def _spoil(model: Model) -> None:
    rng = np.random.default_rng(0)
    for parameter in model.parameters:
        kept = parameter.read()
        parameter.write(kept + rng.standard_normal(kept.shape))


def _ways(student: Framework) -> list[tuple[str, Callable, Callable]]:
    """(name, save(network, path), load(network, path, what save gave)), the student's own."""
    ways: list[tuple[str, Callable, Callable]] = []
    saver = next(functions(student, SAVERS), None)
    loader = next(functions(student, LOADERS), None)
    if saver and loader:
        save, load = saver[1], loader[1]
        name = f"{saver[0].name} and {loader[0].name}"
        ways.append((name, save, lambda net, path, kept: load(net, path)))
        ways.append(
            (name, lambda net, path: save(path, net), lambda net, path, kept: load(path, net))
        )
    ways.append(
        (
            "the model's save and load",
            lambda net, path: net.save(path),
            lambda net, path, kept: net.load(path),
        )
    )
    ways.append(
        (
            "state_dict and load_state_dict",
            lambda net, path: net.state_dict(),
            lambda net, path, kept: net.load_state_dict(kept),
        )
    )
    return ways


def model_bad_inputs(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """What the model does with inputs that are wrong.

    Args:
        arrays: `images`, sound ones; and wrong ones under `bad …`.

    Returns:
        `cases`: for each wrong input, "raised …" or "answered …".
    """
    student = framework(submission)
    try:
        model = built(student, submission, params["model"])
        predictor = Predictor(student, model, arrays["images"])
    except NotBuilt as reason:
        return reason.values
    wrong: dict[str, Any] = {
        name.removeprefix("bad "): student.wrap(array, predictor.cls)
        for name, array in arrays.items()
        if name.startswith("bad ")
    }
    wrong |= {"a word": "image", "nothing": None}
    cases = {}
    for name, value in wrong.items():
        try:
            output = run(model.network, value)
        except Exception as error:  # noqa: BLE001  this is what is asked for
            cases[name] = " ".join(f"raised {type(error).__name__}: {error}".split())[:200]
        else:
            shape = np.shape(getattr(output, "data", output))
            cases[name] = f"answered with shape {shape}"
    return {**_told(model, predictor), "cases": cases}


def _told(model: Model, predictor: Predictor) -> dict[str, Any]:
    return {
        "found": True,
        "loaded": True,
        "runs": True,
        "weights": model.weights,
        "form": predictor.form,
        "parameters": sum(parameter.read().size for parameter in model.parameters),
    }


OPERATIONS = {
    "model_predict": model_predict,
    "model_parameters": model_parameters,
    "model_gradients": model_gradients,
    "model_checkpoint": model_checkpoint,
    "model_bad_inputs": model_bad_inputs,
}
